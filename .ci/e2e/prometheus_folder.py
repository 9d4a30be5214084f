"""Makes a small data folder with a real Prometheus, and a text of what was written into it: for the tests of the importer.

usage: prometheus_folder.py PROMETHEUS FOLDER [FLAG ...]
"""

import pathlib
import subprocess
import sys
import time
import urllib.parse

import remote_write
import sampled
from programs import free_port, http, wait_until

CONFIG = "storage:\n  tsdb:\n    out_of_order_time_window: 2h\nscrape_configs: []\n"
FLAGS = [
    "--web.enable-admin-api",
    "--web.enable-remote-write-receiver",
    "--storage.tsdb.retention.time=100y",
    "--enable-feature=native-histograms,exemplar-storage",
]


class Prometheus:
    """A Prometheus on loopback that takes remote writes and native histograms."""

    def __init__(self, program, folder, flags=(), text=CONFIG):
        folder.mkdir(parents=True, exist_ok=True)
        config = folder.with_suffix(".yml")
        config.write_text(text)
        self.url = f"http://127.0.0.1:{free_port()}"
        address = f"--web.listen-address={self.url.removeprefix('http://')}"
        command = [program, f"--config.file={config}", f"--storage.tsdb.path={folder}", address, *FLAGS, *flags]
        self.log = open(folder.with_suffix(".log"), "wb")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        wait_until(self.is_ready, 30, "the start of prometheus")

    def is_ready(self):
        try:
            return http(f"{self.url}/-/ready")[0] == 200
        except OSError:
            return False

    def delete(self, selector, start, end):
        params = urllib.parse.urlencode({"match[]": selector, "start": start, "end": end})
        status, body = http(f"{self.url}/api/v1/admin/tsdb/delete_series?{params}", data=b"")
        assert status == 204, body

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.log.close()


def fill(prometheus, folder, hours, step=sampled.STEP):
    """Writes the world, waits until the first block was cut, and deletes a part. Gives a text for each sample that stays."""
    end = sampled.START + hours * 3600
    deleted = range((sampled.START + 3000) * 1000, (end - 1800) * 1000 + 1)
    texts = []
    for batch in sampled.batches(hours, step=step):
        remote_write.send(prometheus.url, [remote_write.series_of(labels, **rest) for labels, rest in batch])
        for labels, rest in batch:
            if labels["__name__"] == "load" and labels["host"] == "c":
                rest["samples"] = [sample for sample in rest["samples"] if sample[0] not in deleted]
            texts += sampled.lines(labels, **rest)
    wait_until(lambda: any(folder.glob("0*/meta.json")), 30, "the first block")
    # One at a time, from the newest on: each comes late.
    labels = {"__name__": "load", "host": "late", "job": "web"}
    for number in range(40):
        samples = [((end - 60 - number * 7) * 1000, number * 1.5)]
        remote_write.send(prometheus.url, [remote_write.series_of(labels, samples)])
        texts += sampled.lines(labels, samples)
    prometheus.delete('load{host="c"}', deleted[0] // 1000, deleted[-1] // 1000)
    return texts


def main():
    program, folder, *flags = sys.argv[1:]
    folder = pathlib.Path(folder)
    prometheus = Prometheus(program, folder, flags)
    try:
        texts = fill(prometheus, folder, hours=4, step=360)
    finally:
        prometheus.stop()
    (folder / "samples.txt").write_text("\n".join(sorted(texts)) + "\n")
    keep_small(folder)


def keep_small(folder):
    """Takes away what an importer does not read: other files, and the zeros that fill the last page of a log."""
    for path in [folder / "queries.active", *folder.glob("chunks_head/*")]:
        path.unlink()
    for path in folder.glob("w[ab]l/*"):
        whole = path.read_bytes()
        # The last record may end with zeros, too.
        path.write_bytes(whole[: len(whole.rstrip(b"\0")) + 8])


if __name__ == "__main__":
    main()
