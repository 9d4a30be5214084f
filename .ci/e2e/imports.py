"""Other stores come in: a data folder of Prometheus, its remote read, VictoriaMetrics' export, Parquet, OpenMetrics."""

import json
import re
import subprocess
import urllib.parse

import duckdb

import remote_write
import sampled
from checks import close, contains, equal
from programs import free_port, http, points_of, wait_until
from prometheus_folder import Prometheus, fill

HOURS = 5
START, END = sampled.START, sampled.START + HOURS * 3600
GRID = {"start": START, "end": END, "step": 97}

QUERIES = [
    "load",
    "requests_total offset 47m",
    "rate(requests_total[5m])",
    "sum by (host) (increase(requests_total[1h]))",
    "resets(requests_total[2h])",
    "quantile_over_time(0.9, load[20m])",
    "count_over_time(load[1h])",
    "stddev(load) by (job)",
    "topk(1, load)",
    "load > on (host, job) (requests_total % 3)",
]


def run(programs, checks):
    folder = programs.folder / "prometheus"
    prometheus = Prometheus(programs.peers / "prometheus", folder, ["--storage.tsdb.wal-compression-type=zstd"])
    try:
        texts = fill(prometheus, folder, HOURS)
        want = {query: range_of(prometheus.url, query) for query in QUERIES}
        remote_read(programs, checks, prometheus.url, texts)
    finally:
        prometheus.stop()
    data_folder(programs, checks, folder, want)
    killed(programs, checks, folder, want)
    export(programs, checks)
    parquet(programs, checks)


def range_of(url, query):
    params = urllib.parse.urlencode({**GRID, "query": query})
    status, body = http(f"{url}/api/v1/query_range?{params}")
    assert status == 200, f"{query}: {body[:400]}"
    return points_of(json.loads(body))


def same_answers(url, want):
    for query, series in want.items():
        got = range_of(url, query)
        equal(sorted(got), sorted(series), f"the series of {query}")
        for labels, points in series.items():
            equal([at for at, _ in got[labels]], [at for at, _ in points], f"the times of {query} {labels}")
            for (_, one), (at, other) in zip(got[labels], points):
                close(one, other, f"{query} {labels} at {at}")


def imported(programs, *args, code=0):
    done = programs.narthex("import", *args, timeout=300)
    equal(done.returncode, code, f"the exit code of import {args} ({done.stderr.strip()})")
    return done.stdout + done.stderr


def data_folder(programs, checks, folder, want):
    data = programs.folder / "from-folder"
    with checks.check("import prometheus --dry-run says what there is and makes nothing"):
        contains(imported(programs, "prometheus", folder, "--storage.path", data, "--dry-run"), "to import")
        assert not data.exists(), "a folder was made"
    with checks.check("import prometheus: blocks, late samples, deletes and a zstd log; PromQL answers as before"):
        imported(programs, "prometheus", folder, "--storage.path", data)
        server = programs.server("from-folder", data=data)
        same_answers(server.url, want)
        equal(server.stop(), 0, "the exit code")
    with checks.check("import prometheus again changes nothing"):
        contains(imported(programs, "prometheus", folder, "--storage.path", data), "0 samples imported")
        server.start()
        same_answers(server.url, want)
        equal(server.stop(), 0, "the exit code")
    with checks.check("a damaged chunk is named with file and byte"):
        path = max(folder.glob("0*/chunks/000001"), key=lambda path: path.stat().st_size)
        whole = path.read_bytes()
        path.write_bytes(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])
        said = imported(programs, "prometheus", folder, "--storage.path", programs.folder / "damaged", code=1)
        contains(said, "chunks/000001, from byte", "checksum")
        path.write_bytes(whole)


def killed(programs, checks, folder, want):
    data = programs.folder / "from-killed"
    with checks.check("import prometheus, killed with -9 again and again, goes on where it was"):
        command, kills, begun, delay = ["import", "prometheus", folder, "--storage.path", data], 0, 0, 0.01
        while True:
            process, log = programs.start("killed-import", programs.own / "narthex", *command)
            try:
                process.wait(timeout=delay)
                break
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            kills += 1
            begun += any(data.glob("blocks/*")) or any(data.glob("wal/*.wal"))
            delay *= 1.3
        equal(process.returncode, 0, f"the exit code after {kills} kills ({log.read_text()[-400:]})")
        assert begun > 0, f"none of {kills} kills came in the middle"
        contains(imported(programs, *command[1:]), "0 samples imported")
        server = programs.server("from-killed", data=data)
        same_answers(server.url, want)
        equal(server.stop(), 0, "the exit code")
    with checks.check("such a store is whole, and no sample is there twice"):
        done = programs.narthex("verify", "--storage.path", data)
        equal(done.returncode, 0, f"the exit code of verify ({done.stdout})")
        counted = [samples_in(programs, programs.folder / name) for name in ["from-killed", "from-folder"]]
        equal(counted[0], counted[1], "the samples of blocks and log")


def samples_in(programs, data):
    """How many samples a store has once all that overlaps is merged."""
    done = programs.narthex("compact", "--storage.path", data)
    equal(done.returncode, 0, f"the exit code of compact ({done.stderr.strip()})")
    return re.search(r"after: .* with (\d+) samples", done.stdout).group(1)


def floats_of(data, programs):
    """All floats of a store as texts, as in `samples.txt`."""
    server = programs.server(data.name, data=data)
    found = set()
    for name in ["load", "requests_total"]:
        for series in server.api("query", query=f"{name}[{HOURS + 1}h]", time=END + 1)["result"]:
            samples = [(round(float(at) * 1000), float(value)) for at, value in series["values"]]
            found.update(sampled.lines(series["metric"], samples))
    equal(server.stop(), 0, "the exit code")
    return found


def floats_in(texts):
    """Texts of floats, without stale markers: a range does not have them."""
    return {text for text in texts if not text.endswith(("]", "7ff0000000000002"))}


def remote_read(programs, checks, url, texts):
    data = programs.folder / "from-remote-read"
    selector = ["--match", '{__name__=~"load|requests_total"}', "--start", START, "--end", END + 1, "--slice", "37m"]
    with checks.check("import remote reads Prometheus by streamed remote read, every sample to the last bit"):
        imported(programs, "remote", url, *selector, "--storage.path", data)
        equal(floats_of(data, programs), floats_in(texts), "the samples")
    with checks.check("import remote again asks for nothing"):
        contains(imported(programs, "remote", url, *selector, "--storage.path", data), "0 samples imported")
    with checks.check("import remote reads a server of ours the same way"):
        server, copy = programs.server("read", data=data), programs.folder / "from-ours"
        imported(programs, "remote", server.url, *selector, "--storage.path", copy)
        equal(server.stop(), 0, "the exit code")
        equal(floats_of(copy, programs), floats_in(texts), "the samples")
    with checks.check("a server that does not answer is named"):
        dead = f"http://127.0.0.1:{free_port()}"
        args = ["--match", "up", "--start", START, "--end", START + 60, "--storage.path", programs.folder / "dead"]
        contains(imported(programs, "remote", dead, *args, code=1), dead)


def export(programs, checks):
    url = f"http://127.0.0.1:{free_port()}"
    flags = [f"-httpListenAddr={url.removeprefix('http://')}", "-retentionPeriod=100y"]
    flags.append(f"-storageDataPath={programs.folder / 'victoria'}")
    programs.start("victoria", programs.peers / "victoria-metrics", *flags)
    wait_until(lambda: is_up(url), 30, "the start of victoria-metrics")
    texts = []
    for batch in sampled.batches(HOURS):
        floats = [(labels, {"samples": rest["samples"]}) for labels, rest in batch if "samples" in rest]
        remote_write.send(url, [remote_write.series_of(labels, **rest) for labels, rest in floats])
        for labels, rest in floats:
            texts += sampled.lines(labels, **rest)
    http(f"{url}/internal/force_flush")
    data = programs.folder / "from-export"
    with checks.check("import remote reads VictoriaMetrics by export"):
        args = ["--match", '{job="web"}', "--start", START, "--end", END + 1, "--storage.path", data]
        imported(programs, "remote", url, *args)
        equal(len(floats_of(data, programs)), len(floats_in(texts)), "the number of samples")


def is_up(url):
    try:
        return http(f"{url}/health")[0] == 200
    except OSError:
        return False


def parquet(programs, checks):
    table, data = programs.folder / "long.parquet", programs.folder / "from-parquet"
    duckdb.sql(f"""
        COPY (SELECT to_timestamp({START} + i) AS time, (i % 7) / 4 AS celsius, 'room ' || (i % 3) AS room,
                     MAP {{'floor': (i % 2)::VARCHAR}} AS tags
              FROM range(5000) t(i))
        TO '{table}' (FORMAT parquet)
    """)
    names = ["--timestamp-column", "time", "--value-column", "celsius", "--metric-name", "temperature_celsius"]
    count = ["sql", "SELECT count(*) AS n, count(DISTINCT room || floor) AS series FROM temperature_celsius", "--format", "csv"]
    with checks.check("import parquet takes a table that DuckDB wrote, with a map of labels"):
        imported(programs, "parquet", table, *names, "--storage.path", data)
        equal(programs.narthex(*count, "--storage.path", data).stdout, "n,series\n5000,6\n", "the count")
    with checks.check("import parquet copies blocks of another data folder"):
        copy = programs.folder / "copied-blocks"
        imported(programs, "parquet", data, "--storage.path", copy)
        equal(programs.narthex(*count, "--storage.path", copy).stdout, "n,series\n5000,6\n", "the count")
        contains(imported(programs, "parquet", data, "--storage.path", copy), "0 samples imported")
