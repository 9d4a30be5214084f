"""The same random queries to Prometheus and to Narthex over the same samples: every answer must be the same.

As a program it runs as many queries as one likes:
    python3 differential.py --programs target/release --peers PEERS --queries 20000 --seed 1
"""

import argparse
import collections
import http.client
import json
import math
import pathlib
import random
import re
import sys
import tempfile
import time
import urllib.parse

import explained
import queries
import world
from programs import Programs, free_port, http as ask_once, stop_all, wait_until
from remote_write import send, series_of
from sampled import START

TOLERANCE = 1e-9

# Of more notes each program shows some.
NOTES_MAX = 10
END = START + world.HOURS * 3600


def run(programs, checks):
    """A short run for every day."""
    with checks.check("random queries are answered as by Prometheus"):
        counted = compare(programs, count=400, seed=7, shown=5)
        print(f"        {counted}")
        assert counted.differing == 0, counted


class Counted:
    """How many queries were answered differently, with an error by both, with nothing, and differently by a rule."""

    def __init__(self):
        self.asked = self.differing = self.errors = self.empty = 0
        self.explained = collections.Counter()

    def __str__(self):
        explained = "".join(f"; {count}: {rule}" for rule, count in self.explained.items())
        return f"{self.asked} asked, {self.differing} differ, {self.errors} are errors in both, {self.empty} are empty{explained}"


def compare(programs, count, seed, shown):
    """Asks both the same, and prints the first differences."""
    peer = prometheus(programs)
    ours = programs.server("differential", flags=["--enable-feature=promql-experimental-functions"])
    for batch in world.batches(seed):
        encoded = [series_of(labels, **made) for labels, made in batch]
        send(peer, encoded)
        send(ours.url, encoded)
    generator = queries.Generator(seed, START, END)
    choose = random.Random(seed)
    sessions = Session(peer), Session(ours.url)
    counted = Counted()
    for _ in range(count):
        query, times = generator.query(), instants(choose)
        theirs, ours = (session.ask(query, times) for session in sessions)
        counted.asked += 1
        counted.errors += theirs["status"] == ours["status"] == "error"
        counted.empty += ours.get("data", {}).get("result") == []
        difference = explain(theirs, ours)
        if not difference:
            continue
        case = explained.Case(query, times, (theirs, ours), sessions, sys.modules[__name__])
        rule = explained.rule_of(case)
        if rule:
            counted.explained[rule] += 1
            continue
        counted.differing += 1
        if counted.differing <= shown:
            print(f"    {query}\n      {times}\n      {difference}", flush=True)
    return counted


def prometheus(programs):
    port, data = free_port(), programs.folder / "differential-prometheus"
    config = programs.folder / "differential-prometheus.yml"
    config.write_text("global: {}\n")
    programs.start(
        "differential-prometheus", programs.peers / "prometheus", f"--config.file={config}", f"--storage.tsdb.path={data}",
        f"--web.listen-address=127.0.0.1:{port}", "--web.enable-remote-write-receiver", "--query.timeout=30s",
        "--enable-feature=promql-experimental-functions,native-histograms", "--storage.tsdb.retention.time=100y",
    )
    url = f"http://127.0.0.1:{port}"

    def is_ready():
        try:
            return ask_once(f"{url}/-/ready")[0] == 200
        except OSError:
            return False

    wait_until(is_ready, 30, "the start of Prometheus")
    return url


def instants(choose):
    """An instant, or a range of few steps."""
    if choose.random() < 0.5:
        return {"time": f"{choose.uniform(START - 300, END + 300):.3f}"}
    start = choose.uniform(START - 300, END)
    step = choose.choice([15, 30, 61.5, 300, 1000])
    return {"start": f"{start:.3f}", "end": f"{start + step * choose.randrange(12):.3f}", "step": str(step)}


class Session:
    """One connection, kept."""

    def __init__(self, url):
        self.host = urllib.parse.urlparse(url).netloc
        self.connection = http.client.HTTPConnection(self.host, timeout=60)

    def ask(self, query, times):
        path = "/api/v1/query" if "time" in times else "/api/v1/query_range"
        body = urllib.parse.urlencode({"query": query, **times})
        self.connection.request("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"})
        return json.loads(self.connection.getresponse().read())


def explain(theirs, ours):
    """How the answers differ; nothing if they do not."""
    if theirs["status"] != ours["status"]:
        return f"theirs: {brief(theirs)}, ours: {brief(ours)}"
    if theirs["status"] == "error":
        return errors(theirs["error"], ours["error"])
    return values(theirs["data"], ours["data"]) or notes(theirs, ours)


def errors(theirs, ours):
    """Which of several duplicate series Prometheus 3.5 names first is by chance."""
    plain = [re.sub(r"match group \{.*\} on the|: \[.*\];", "", text) for text in (theirs, ours)]
    return None if plain[0] == plain[1] else f"theirs: {theirs}, ours: {ours}"


def notes(theirs, ours):
    """Warnings and infos. Prometheus 3.5 does not tell how much of a histogram was not monotonic, nor knows the notes in `explained.NEW`, and names
    metrics that have no name."""
    for kind in ("warnings", "infos"):
        a = sorted(re.sub(r'^(.* label "le" .*) for metric name ""', r"\1", plain(note)) for note in theirs.get(kind, []))
        b = sorted(
            re.sub(r", from buckets .* (\(\d+:\d+\))$", r" \1", plain(note)) for note in ours.get(kind, []) if not re.search(explained.NEW, note)
        )
        if a != b and len(a) <= NOTES_MAX >= len(b):
            return f"{kind} of theirs alone: {[note for note in a if note not in b]}, of ours alone: {[note for note in b if note not in a]}"
    return None


def plain(note):
    """A note with as many digits of each number as must agree."""
    return re.sub(r"-?\d+\.\d+(e[-+]\d+)?", lambda number: f"{float(number[0]):.9g}", note)


def values(theirs, ours):
    if theirs["resultType"] != ours["resultType"]:
        return f"theirs is a {theirs['resultType']}, ours a {ours['resultType']}"
    if theirs["resultType"] in ("scalar", "string"):
        return points([theirs["result"]], [ours["result"]])
    a, b = by_labels(theirs["result"]), by_labels(ours["result"])
    if a.keys() != b.keys():
        return f"only theirs: {sorted(a.keys() - b.keys())[:3]}, only ours: {sorted(b.keys() - a.keys())[:3]}"
    for labels, series in a.items():
        difference = points(floats(series), floats(b[labels])) or histograms(series, b[labels])
        if difference:
            return f"{labels}: {difference}"
    return None


def brief(answer):
    return answer.get("error", f"{len(answer.get('data', {}).get('result', []))} results")


def by_labels(result):
    return {json.dumps(series["metric"], sort_keys=True): series for series in result}


def floats(series):
    return series.get("values") or ([series["value"]] if "value" in series else [])


def points(theirs, ours):
    if [t for t, _ in theirs] != [t for t, _ in ours]:
        return f"points at {[t for t, _ in theirs]}, ours at {[t for t, _ in ours]}"
    for (t, a), (_, b) in zip(theirs, ours):
        if not close(a, b):
            return f"at {t}: {a}, ours {b}"
    return None


def histograms(theirs, ours):
    lists = [s.get("histograms") or ([s["histogram"]] if "histogram" in s else []) for s in (theirs, ours)]
    if [t for t, _ in lists[0]] != [t for t, _ in lists[1]]:
        return f"histograms at {[t for t, _ in lists[0]]}, ours at {[t for t, _ in lists[1]]}"
    for (t, a), (_, b) in zip(*lists):
        flat = [[h["count"], h["sum"], *(str(x) for bucket in h.get("buckets", []) for x in bucket)] for h in (a, b)]
        if len(flat[0]) != len(flat[1]) or not all(close(x, y) for x, y in zip(*flat)):
            return f"histogram at {t}: {a}, ours {b}"
    return None


def close(a, b):
    if a == b:
        return True
    a, b = float(a), float(b)
    if math.isnan(a) or math.isnan(b) or math.isinf(a) or math.isinf(b):
        return (math.isnan(a) and math.isnan(b)) or a == b
    return abs(a - b) <= TOLERANCE * max(abs(a), abs(b))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="folder with narthex")
    parser.add_argument("--peers", type=pathlib.Path, required=True, help="folder with prometheus")
    parser.add_argument("--queries", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shown", type=int, default=20, help="differences to print")
    args = parser.parse_args()
    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="narthex-differential-") as folder:
            programs = Programs(args.programs, args.peers, pathlib.Path(folder))
            counted = compare(programs, args.queries, args.seed, args.shown)
    finally:
        stop_all()
    print(f"seed {args.seed}, {time.monotonic() - began:.0f} s: {counted}")
    return 1 if counted.differing else 0


if __name__ == "__main__":
    sys.exit(main())
