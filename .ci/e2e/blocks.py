"""Blocks are plain Parquet: DuckDB reads them by the page docs/format/block.md alone. Damage is found by name."""

import json

import duckdb

from checks import close, contains, equal
from programs import rows_of

# Half an hour about a block border: 2025-01-01T00:00Z is one, so samples fall on both sides.
START = 1735689600 - 900
FLEET = ["--hosts", "5", "--interval", "15s", "--duration", "30m", "--seed", "3", "--start", str(START)]
END = START + 1800
SAMPLES = 5 * 120 * 108

READ = """
    SELECT s.labels['__name__'] AS metric, v.timestamp AS time, coalesce(v.value, v.mantissa / pow(10, s.scale)) AS value
    FROM read_parquet('{block}/series.parquet') s JOIN read_parquet('{block}/samples.parquet') v USING (series)
"""


def run(programs, checks):
    server = programs.server("blocks")
    target = ["--remote-write", f"{server.url}/api/v1/write"]
    done = programs.datasets("fleet", *FLEET, *target)
    assert done.returncode == 0, done.stderr
    want = by_metric(server)
    with checks.check("SIGTERM flushes all samples into blocks"):
        equal(server.stop(), 0, "the exit code")
        found = block_folders(server)
        assert len(found) >= 2, f"{len(found)} blocks, but the samples lie on both sides of a border"
    with checks.check("DuckDB reads the same counts and sums as PromQL"):
        read = " UNION ALL ".join(READ.format(block=block) for block in block_folders(server))
        rows = duckdb.sql(f"SELECT metric, count(*), sum(value) FROM ({read}) GROUP BY metric").fetchall()
        same_sums({metric: (count, total) for metric, count, total in rows}, want)
    with checks.check("a restarted server answers from the blocks as before"):
        server.start()
        same_sums(by_metric(server), want)
        row = server.sql("SELECT count(*) AS n, sum(value) AS total FROM http_requests_total")[0]
        same_sums({"http_requests_total": (row["n"], row["total"])}, want)
        equal(server.stop(), 0, "the exit code")
    damage(programs, server, checks)
    imported(programs, checks, want)


def block_folders(server):
    return sorted(path.parent for path in server.data.rglob("series.parquet"))


def by_metric(server):
    """Count and sum of all samples of each metric. `*_over_time` drops names, so each is asked for by itself."""
    names = server.api("label/__name__/values", start=START, end=END)
    window = f'{{job="node"}}[{END - START + 1}s]'
    found = {}
    for name in names:
        count = server.value(f"sum(count_over_time({name}{window}))", END)
        found[name] = (count, server.value(f"sum(sum_over_time({name}{window}))", END))
    equal(sum(count for count, _ in found.values()), SAMPLES, "the number of samples")
    return found


def same_sums(got, want):
    assert got, "there is nothing"
    for metric, (count, total) in got.items():
        equal(count, want[metric][0], f"the count of {metric}")
        close(total, want[metric][1], f"the sum of {metric}")


def damage(programs, server, checks):
    with checks.check("narthex verify is clean"):
        done = programs.narthex("verify", "--storage.path", server.data)
        equal(done.returncode, 0, f"the exit code ({done.stdout} {done.stderr})")
    block = block_folders(server)[0]
    for name in ["samples.parquet", "series.parquet", "meta.json"]:
        with checks.check(f"verify names {name} when one byte of it is flipped"):
            path = block / name
            whole = path.read_bytes()
            middle = len(whole) // 2
            path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
            done = programs.narthex("verify", "--storage.path", server.data)
            path.write_bytes(whole)
            equal(done.returncode, 1, "the exit code")
            contains(done.stdout + done.stderr, block.name, name)


def imported(programs, checks, want):
    """The same samples by another way: as OpenMetrics text, without a server."""
    text, data = programs.folder / "fleet.om", programs.folder / "imported-data"
    for times in ["", " again: nothing changes"]:
        with checks.check(f"narthex import openmetrics, then SQL on the data folder{times}"):
            text.write_text(programs.datasets("fleet", *FLEET, "--openmetrics").stdout)
            done = programs.narthex("import", "openmetrics", text, "--storage.path", data, timeout=300)
            equal(done.returncode, 0, f"the exit code ({done.stderr.strip()})")
            for metric in ["up", "node_cpu_seconds_total", "http_request_duration_seconds_bucket"]:
                statement = f"SELECT count(*) AS n, sum(value) AS total FROM {metric}"
                done = programs.narthex("sql", statement, "--storage.path", data, "--format", "json")
                equal(done.returncode, 0, f"the exit code ({done.stderr.strip()})")
                row = rows_of(json.loads(done.stdout))[0]
                same_sums({metric: (row["n"], row["total"])}, want)
