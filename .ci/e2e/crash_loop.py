"""kill -9 again and again, under load, while blocks are cut and merged: what was acknowledged is there, once.

Several writers send known samples, each over its own connection. Blocks and WAL segments are tiny, so that flushes and
merges never end. At a random moment, sometimes while it is starting, the server is killed and started anew; then
the newest samples and some older ones are compared with what was acknowledged, and from time to time all of them.

usage: crash_loop.py --programs target/release --kills 500 --seed 1
"""

import argparse
import http.client
import pathlib
import random
import re
import sys
import tempfile
import threading
import time

import remote_write
from checks import Checks
from programs import Programs, stop_all, wait_until

WRITERS = 4
SERIES = 4
SAMPLES = 3
# One request holds this much time of each series; blocks hold two seconds.
REQUEST_MS = 100
BLOCK = "2s"
LATE_MS = 5_000
# So many requests of a writer at once are looked at.
REQUESTS_PER_CHECK = 600
FLAGS = [
    f"--storage.tsdb.min-block-duration={BLOCK}",
    "--storage.tsdb.wal-segment-size=64KiB",
    "--storage.tsdb.out-of-order-time-window=1h",
]
SUMMARY = "{kills} kills ({starting} of them at a start), {acked} samples acknowledged and found once; "
SUMMARY += "{cut} blocks cut, {merged} merged; longest start {longest:.2f} s; seed {seed}, {seconds:.0f} s"


def run(programs, checks, kills=15, seed=1):
    """The short loop of every run."""
    with checks.check(f"{kills} times kill -9 under load, seed {seed}"):
        print("        " + CrashLoop(programs, seed).run(kills), flush=True)


class CrashLoop:
    def __init__(self, programs, seed):
        self.random = random.Random(seed)
        self.seed = seed
        self.began = time.monotonic()
        start_ms = (int(time.time()) - 86_400) * 1000
        self.writers = [Writer(number, start_ms) for number in range(WRITERS)]
        self.server = programs.server("crash-loop", flags=FLAGS)
        self.starting = 0
        self.longest = 0.0

    def run(self, kills):
        for kill in range(1, kills + 1):
            # The death of the process alone loses nothing either way.
            sync = self.random.choice(["commit", "interval"])
            self.load(self.random.uniform(0.05, 0.9))
            while self.random.random() < 0.15 and self.starting + 1 < kill:
                self.kill_while_starting(sync)
            self.start(sync)
            for writer in self.writers:
                older = self.random.randrange(writer.acked + 1)
                writer.check(self.server, max(0, writer.acked - 100))
                writer.check(self.server, older, older + 50)
                if kill % 100 == 0 or kill == kills:
                    writer.check_all(self.server)
            self.check_blocks()
        return self.summary(kills)

    def load(self, seconds):
        """Writes for a while, and kills the server while writes are under way."""
        threads = [threading.Thread(target=writer.write, args=[self.server.port]) for writer in self.writers]
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        for writer, thread in zip(self.writers, threads):
            assert thread.is_alive(), f"writer {writer.number} gave up: {writer.failure}"
        self.server.kill()
        for thread in threads:
            thread.join(timeout=60)

    def kill_while_starting(self, sync):
        self.spawn(sync)
        time.sleep(self.random.uniform(0.0, 0.2))
        self.server.kill()
        self.starting += 1

    def spawn(self, sync):
        self.server.flags = [*FLAGS, f"--storage.wal-sync={sync}"]
        program = self.server.programs.own / "narthex"
        self.server.process, self.server.log = self.server.programs.start("crash-loop", program, *self.server.args())

    def start(self, sync):
        began = time.monotonic()
        self.spawn(sync)
        wait_until(self.server.is_ready, 60, "the start")
        self.longest = max(self.longest, time.monotonic() - began)

    def check_blocks(self):
        """No sample lies twice on disk, but those that were sent twice."""
        text = self.server.metrics()
        stored = sum(int(float(re.search(rf"^{name} (\S+)$", text, re.M)[1])) for name in STORED)
        sent = sum((writer.acked + writer.resent) * writer.samples for writer in self.writers)
        assert stored <= sent + WRITERS * self.writers[0].samples, f"{stored} samples are stored, {sent} were sent"

    def summary(self, kills):
        log = self.server.log.read_text()
        return SUMMARY.format(
            kills=kills + self.starting,
            starting=self.starting,
            acked=sum(writer.acked * writer.samples for writer in self.writers),
            cut=log.count("cut a block"),
            merged=log.count("merged blocks"),
            longest=self.longest,
            seed=self.seed,
            seconds=time.monotonic() - self.began,
        )


STORED = ["narthex_head_samples", "narthex_block_samples"]


class Writer:
    """Sends request after request over one connection; what is in each follows from its number."""

    # One sample in each request comes late, for a window that may be in a block already.
    samples = SERIES * SAMPLES + 1

    def __init__(self, number, start_ms):
        self.number = number
        self.start_ms = start_ms
        self.acked = 0
        self.resent = 0
        self.failure = None

    def write(self, port):
        """Until the server dies. A request without an answer is sent again after the next start."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            while True:
                request = self.body(self.acked)
                connection.request("POST", "/api/v1/write", request, remote_write.HEADERS)
                answer = connection.getresponse()
                text = answer.read()
                if answer.status >= 300:
                    self.failure = f"{answer.status} {text[:300]}"
                    return
                self.acked += 1
        except (OSError, http.client.HTTPException) as error:
            self.failure = repr(error)
            self.resent += 1
        finally:
            connection.close()

    def body(self, number):
        series = [remote_write.series_of(labels, points) for labels, points in self.request(number)]
        return remote_write.snappy(b"".join(series))

    def request(self, number):
        at = self.start_ms + number * REQUEST_MS
        for series in range(SERIES):
            yield self.labels("crash", series), [self.sample(series, at, i) for i in range(SAMPLES)]
        yield self.labels("late", 0), [self.sample(0, at - LATE_MS, 0)]

    def labels(self, name, series):
        return {"__name__": name, "series": str(series), "writer": str(self.number)}

    def sample(self, series, at, i):
        at += i * REQUEST_MS // SAMPLES
        # Decimals and doubles that no decimal can say, different for every sample.
        value = (at % 10**9) / 8 if series % 2 else (at % 10**9 + series) / 7
        return at, value

    def check_all(self, server):
        for start in range(0, self.acked, REQUESTS_PER_CHECK):
            self.check(server, start, start + REQUESTS_PER_CHECK)

    def check(self, server, start, end=None):
        """Compares the samples of requests `start..end` with what the server has; without an end, of all from `start`:
        then the request that got no answer may be there as well, as a whole."""
        to = self.acked if end is None else min(end, self.acked)
        got = self.read(server, start, to + (end is None))
        want = self.expected(start, to)
        if end is None and got != want:
            want = self.expected(start, to + 1)
        if got != want:
            raise AssertionError(f"writer {self.number}, requests {start} to {to}: {difference(got, want)}")

    def expected(self, start, end):
        samples = {}
        for number in range(start, end):
            for labels, points in self.request(number):
                for at, value in points:
                    samples[labels["__name__"], labels["series"], at] = value
        return samples

    def read(self, server, start, end):
        samples = {}
        first, last = (self.start_ms + n * REQUEST_MS for n in (start, end))
        for name, shift in (("crash", 0), ("late", LATE_MS)):
            if first == last:
                continue
            # A range leaves out its start and has its end.
            query = f'{name}{{writer="{self.number}"}}[{last - first}ms]'
            result = server.api("query", query=query, time=f"{(last - shift - 1) / 1000:.3f}")["result"]
            for series in result:
                key = name, series["metric"]["series"]
                for at, value in series["values"]:
                    at = round(at * 1000)
                    assert (*key, at) not in samples, f"{key} has {at} twice"
                    samples[*key, at] = float(value)
        return samples


def difference(got, want):
    lost = sorted(want.keys() - got.keys())
    extra = sorted(got.keys() - want.keys())
    changed = sorted(key for key in got.keys() & want.keys() if got[key] != want[key])
    return f"{len(lost)} lost {lost[:3]}, {len(extra)} too many {extra[:3]}, {len(changed)} changed {changed[:3]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="folder with narthex")
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    checks = Checks()
    try:
        with tempfile.TemporaryDirectory(prefix="narthex-crash-") as folder:
            programs = Programs(args.programs, args.programs, pathlib.Path(folder))
            run(programs, checks, args.kills, args.seed)
            stop_all()
            for server_log in pathlib.Path(folder).glob("*.log"):
                if checks.failed:
                    print(server_log.read_text()[-3000:])
    finally:
        stop_all()
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
