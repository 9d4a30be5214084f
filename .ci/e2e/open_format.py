"""A live store, read from outside by docs/format alone: DuckDB, Polars and pyarrow, while the server goes on."""

import json
import time

import duckdb
import polars
import pyarrow.compute as pc
import pyarrow.parquet as pq

from checks import close, equal
from programs import wait_until

# Nine hours from a block border on: the last window stays in the head, those before it become blocks.
START = 1735689600
HOURS = 9
FLEET = ["--hosts", "4", "--interval", "60s", "--duration", f"{HOURS}h", "--seed", "5", "--start", str(START)]
# The end of the last window that has ended by more than a quarter.
END = START + 8 * 3600


def run(programs, checks):
    server = programs.server("open-format")
    done = programs.datasets("fleet", *FLEET, "--remote-write", f"{server.url}/api/v1/write")
    assert done.returncode == 0, done.stderr
    wait_until(lambda: samples_in(blocks_of(server)) >= 4 * 108 * 8 * 60, 60, "the first blocks")
    want = asked(server)
    for name, read in [("DuckDB", by_duckdb), ("Polars", by_polars), ("pyarrow", by_pyarrow)]:
        with checks.check(f"{name} reads a live store as SQL does"):
            got = settled(server, read)
            equal(sorted(got), sorted(want), "the metrics")
            for metric, (count, total) in want.items():
                equal(got[metric][0], count, f"the count of {metric}")
                close(got[metric][1], total, f"the sum of {metric}")
    with checks.check("labels that a metric lacks are NULL outside"):
        rows = duckdb.sql(f"""
            SELECT count(*) FROM {files(blocks_of(server), 'series.parquet')}
            WHERE labels['__name__'] = 'up' AND labels['mode'] IS NOT NULL""").fetchone()
        equal(rows[0], 0, "series of `up` with a mode")


def asked(server):
    """Count and sum of each metric before END, by our own SQL."""
    names = server.api("label/__name__/values", start=START, end=END)
    found = {}
    for name in names:
        row = server.sql(f"SELECT count(*) AS n, sum(value) AS total FROM {name} WHERE timestamp < to_timestamp({END})")[0]
        found[name] = (row["n"], row["total"])
    return found


def settled(server, read):
    """What `read` makes of the blocks. A block that was merged while it was read means: look again."""
    for _ in range(5):
        blocks = blocks_of(server)
        try:
            got = read(blocks)
        except OSError:
            got = None
        except duckdb.IOException:
            got = None
        if got is not None and blocks == blocks_of(server):
            return got
        time.sleep(0.2)
    raise AssertionError("blocks went on changing")


def blocks_of(server):
    """The blocks that count: folders named by a ULID that are no parent of another."""
    found = {}
    for path in (server.data / "blocks").glob("*/meta.json"):
        if path.parent.suffix == "":
            try:
                found[path.parent] = json.loads(path.read_text())
            except FileNotFoundError:
                pass
    merged = {name for meta in found.values() for name in meta["source"].get("parents", [])}
    return {path: meta for path, meta in sorted(found.items()) if path.name not in merged}


def samples_in(blocks):
    return sum(meta["samples"] for meta in blocks.values() if meta["max_time"] < END * 1000)


def files(blocks, name):
    names = ", ".join(f"'{path / name}'" for path in blocks)
    return f"read_parquet([{names}], union_by_name=true, filename=true)"


def by_duckdb(blocks):
    rows = duckdb.sql(f"""
        SELECT s.labels['__name__'], count(*), sum(coalesce(v.value, v.mantissa / pow(10, s.scale)))
        FROM {files(blocks, 'series.parquet')} s JOIN {files(blocks, 'samples.parquet')} v
          ON s.series = v.series AND parse_dirpath(s.filename) = parse_dirpath(v.filename)
        WHERE v.timestamp < to_timestamp({END}) GROUP BY 1""").fetchall()
    return {metric: (count, total) for metric, count, total in rows}


def by_polars(blocks):
    value = polars.coalesce("value", polars.col("mantissa") / polars.lit(10.0).pow(polars.col("scale")))
    parts = []
    for path in blocks:
        series = polars.scan_parquet(path / "series.parquet").select("series", "scale", polars.col("labels").struct.field("__name__"))
        samples = polars.scan_parquet(path / "samples.parquet").filter(polars.col("timestamp").dt.epoch("s") < END)
        parts.append(samples.join(series, on="series").select("__name__", value.alias("sample")))
    table = polars.concat(parts).group_by("__name__").agg(polars.len(), polars.col("sample").sum()).collect()
    return {metric: (count, total) for metric, count, total in table.iter_rows()}


def by_pyarrow(blocks):
    found = {}
    for path in blocks:
        series = pq.read_table(path / "series.parquet", columns=["series", "scale", "labels"])
        names = pc.struct_field(series["labels"], "__name__")
        series = series.select(["series", "scale"]).append_column("metric", names)
        samples = pq.read_table(path / "samples.parquet")
        samples = samples.filter(pc.less(pc.cast(samples["timestamp"], "int64"), END * 1000)).join(series, "series")
        power = pc.power(10.0, pc.cast(samples["scale"], "double"))
        value = pc.coalesce(samples["value"], pc.divide(pc.cast(samples["mantissa"], "double"), power))
        table = samples.select(["metric"]).append_column("sample", value)
        for row in table.group_by("metric").aggregate([("sample", "count"), ("sample", "sum")]).to_pylist():
            count, total = found.get(row["metric"], (0, 0.0))
            found[row["metric"]] = (count + row["sample_count"], total + row["sample_sum"])
    return found
