"""Debian's node exporter, scraped every second, asked in PromQL and SQL by promtool and by our own commands."""

import json
import time

from checks import close, equal
from programs import free_port, http, points_of, rows_of, wait_until

SCRAPE_SECONDS = 38

INSTANT = [
    "up",
    "node_load1",
    'node_memory_MemAvailable_bytes{job="node"} / node_memory_MemTotal_bytes',
    'sum by (mode) (rate(node_cpu_seconds_total{job="node"}[20s]))',
    'count({job="node"})',
    'max_over_time(node_load1[30s]) - min_over_time(node_load1[30s])',
    'topk(3, node_cpu_seconds_total)',
    "node_cpu_seconds_total[10s]",
]

RANGE = [
    "up",
    "rate(node_cpu_seconds_total[10s])",
    "sum by (cpu) (increase(node_cpu_seconds_total[15s]))",
    'avg_over_time(up{job="node"}[5s])',
    "count by (__name__) ({__name__=~'node_network_.+'})",
]


def run(programs, checks):
    port = free_port()
    exporter = programs.peers / "prometheus-node-exporter"
    programs.start("node-exporter", exporter, f"--web.listen-address=127.0.0.1:{port}")
    wait_until(lambda: answers(port), 20, "the start of the node exporter")
    server = programs.server("scrape", CONFIG.replace("PORT", str(port)))
    # The one real wait: this is about scraping as time goes by.
    started = time.time()
    time.sleep(SCRAPE_SECONDS)
    # Everything is asked about a time that no scrape adds to any more.
    at = int(time.time()) - 1

    with checks.check(f"scraped every second for {SCRAPE_SECONDS} s"):
        scrapes = server.value(f'count_over_time(up{{job="node"}}[{SCRAPE_SECONDS}s])', at)
        assert scrapes >= 30, f"only {scrapes} scrapes"
        equal(server.value('min_over_time(up{job="node"}[30s])', at), 1.0, "up")
        assert server.value('scrape_samples_scraped{job="node"}', at) > 100, "few samples in a scrape"
    for query in INSTANT:
        with checks.check(f"promtool query instant = narthex query: {query}"):
            instant(programs, server, query, at)
    for query in RANGE:
        with checks.check(f"promtool query range = narthex query: {query}"):
            ranged(programs, server, query, at)
    with checks.check("promtool query labels and series"):
        names = programs.promtool("query", "labels", server.url, "__name__", "-o", "json")
        assert "node_load1" in json.dumps(names), names
        found = programs.promtool("query", "series", server.url, "--match=up", "-o", "json")
        assert "node" in json.dumps(found), found
    counts(programs, server, checks, int(started), at)
    with checks.check("SIGTERM ends it with success"):
        equal(server.stop(), 0, "the exit code")
    with checks.check("the data folder answers without a server"):
        done = programs.narthex(
            "query", "count_over_time(up[30s])", "--time", at, "--storage.path", server.data, "--format", "json"
        )
        equal(done.returncode, 0, f"the exit code ({done.stderr.strip()})")
        assert points_of(json.loads(done.stdout)), done.stdout


CONFIG = """
global:
  scrape_interval: 1s
  scrape_timeout: 1s
scrape_configs:
  - job_name: node
    static_configs:
      - targets: ["127.0.0.1:PORT"]
"""


def answers(port):
    try:
        return http(f"http://127.0.0.1:{port}/metrics")[0] == 200
    except OSError:
        return False


def instant(programs, server, query, at):
    theirs = programs.promtool("query", "instant", server.url, query, f"--time={at}", "-o", "json")
    same(programs, server, theirs, query, "--time", at)


def ranged(programs, server, query, at):
    times = {"start": at - 20, "end": at, "step": "2s"}
    flags = [f"--{name}={value}" for name, value in times.items()]
    theirs = programs.promtool("query", "range", server.url, query, *flags, "-o", "json")
    same(programs, server, theirs, query, *flags)


def same(programs, server, theirs, query, *flags):
    done = programs.narthex("query", query, *flags, "--url", server.url, "--format", "json")
    equal(done.returncode, 0, f"the exit code ({done.stderr.strip()})")
    ours = points_of(json.loads(done.stdout))
    assert ours, "there is no series"
    equal(ours, points_of(theirs), "our answer")


def counts(programs, server, checks, start, at):
    """SQL and PromQL about the same samples; windows of PromQL exclude their start and include their end."""
    window = at - start
    where = f"timestamp > to_timestamp_millis({start * 1000}) AND timestamp <= to_timestamp_millis({at * 1000})"
    for metric in ["up", "node_load1", "node_cpu_seconds_total", "node_network_receive_bytes_total"]:
        with checks.check(f"SQL counts and sums what PromQL does: {metric}"):
            row = server.sql(f'SELECT count(*) AS n, sum(value) AS total FROM "{metric}" WHERE {where}')[0]
            equal(row["n"], server.value(f"sum(count_over_time({metric}[{window}s]))", at), "the count")
            close(row["total"], server.value(f"sum(sum_over_time({metric}[{window}s]))", at), "the sum")
    with checks.check("SQL with a label filter and a group"):
        statement = f"SELECT mode, count(*) AS n FROM node_cpu_seconds_total WHERE cpu = '0' AND {where} GROUP BY mode"
        found = {row["mode"]: row["n"] for row in server.sql(statement)}
        query = f'sum by (mode) (count_over_time(node_cpu_seconds_total{{cpu="0"}}[{window}s]))'
        result = server.api("query", query=query, time=at)["result"]
        equal(found, {one["metric"]["mode"]: float(one["value"][1]) for one in result})
    with checks.check("promql() in SQL has the rows of a range query"):
        query, step = "sum by (mode) (rate(node_cpu_seconds_total[10s]))", 2
        statement = f"SELECT count(*) AS n, sum(value) AS total FROM promql('{query}', {at - 20}, {at}, '{step}s')"
        row = server.sql(statement)[0]
        result = server.api("query_range", query=query, start=at - 20, end=at, step=step)["result"]
        values = [float(value) for one in result for _, value in one["values"]]
        equal(row["n"], len(values), "the count")
        close(row["total"], sum(values), "the sum")
    with checks.check("narthex sql gives the rows of /api/v1/sql"):
        statement = f'SELECT instance, count(*) AS n FROM up WHERE {where} GROUP BY instance ORDER BY instance'
        done = programs.narthex("sql", statement, "--url", server.url, "--format", "json")
        equal(done.returncode, 0, f"the exit code ({done.stderr.strip()})")
        equal(rows_of(json.loads(done.stdout)), server.sql(statement))
