"""A writer uploads to an S3 server, with and without faults in between; a reader answers from the bucket alone."""

import json

from checks import close, contains, equal
from programs import free_port, http, rows_of, wait_until

# Half an hour about a block border, as in blocks.py.
START = 1735689600 - 900
END = START + 1800
FLEET = ["--hosts", "5", "--interval", "15s", "--duration", "30m", "--seed", "3", "--start", str(START)]
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "narthex", "AWS_SECRET_ACCESS_KEY": "not-a-secret", "AWS_REGION": "us-east-1"}
QUERIES = [
    "count({job=~'.+'})",
    "sum(count_over_time(node_cpu_seconds_total[1801s]))",
    "sum by (mode) (rate(node_cpu_seconds_total[10m]))",
    "topk(3, sum_over_time(up[30m]))",
    "max_over_time(node_load1[30m])",
]


def run(programs, checks):
    port = free_port()
    url = f"s3://metrics/e2e?endpoint=http://127.0.0.1:{port}"
    folder = programs.folder / "s3"
    serve_s3 = programs.own / "narthex-faulty", folder, f"127.0.0.1:{port}"
    flags = [f"--storage.bucket={url}"]
    s3, _ = programs.start("s3", *serve_s3, "7", env=ENVIRONMENT)
    writer = programs.server("writer", flags=flags, env=ENVIRONMENT)
    done = programs.datasets("fleet", *FLEET, "--remote-write", f"{writer.url}/api/v1/write")
    assert done.returncode == 0, done.stderr
    want = answers(writer)
    with checks.check("SIGTERM uploads the last blocks, though every seventh request fails"):
        equal(writer.stop(), 0, "the exit code")
        equal(len(list(folder.rglob("meta.json"))), len(list(writer.data.rglob("meta.json"))), "the number of blocks")
    reader = programs.server("reader", data=url, flags=["--read-only", "--storage.refresh-interval=200ms"], env=ENVIRONMENT)
    with checks.check("a reader of the bucket answers as the writer did"):
        same(answers(reader), want)
        contains(reader.log.read_text(), "s3://metrics/e2e")
    with checks.check("it refuses writes with a clear error, scrapes nothing, and hides no secret badly"):
        done = programs.datasets("fleet", *FLEET, "--retries", "0", "--remote-write", f"{reader.url}/api/v1/write")
        contains(done.stderr, "queries alone")
        equal(reader.api("targets")["activeTargets"], [], "the targets")
        assert "endpoint" not in reader.api("status/flags")["storage.path"], "options of the URL are shown"
    commands(programs, checks, url, want)
    killed(programs, checks, writer, reader, folder)
    away(checks, writer, reader, s3)
    local(programs, checks, writer)


def commands(programs, checks, url, want):
    with checks.check("narthex sql and verify read the bucket"):
        statement = "SELECT count(*) AS n FROM up"
        done = programs.narthex("sql", statement, "--storage.path", url, "--format", "json", env=ENVIRONMENT)
        equal(done.returncode, 0, f"the exit code ({done.stderr.strip()})")
        assert rows_of(json.loads(done.stdout))[0]["n"] > 0, "no rows"
        done = programs.narthex("verify", "--storage.path", url, env=ENVIRONMENT)
        equal(done.returncode, 0, f"the exit code ({done.stdout} {done.stderr})")
        contains(done.stdout, "0 failed")
    with checks.check("a wrong URL gets an error that names it"):
        done = programs.narthex("query", "up", "--storage.path", url.replace("e2e", "nothing"), env=ENVIRONMENT)
        equal(done.returncode, 1, "the exit code")
        contains(done.stderr, "s3://metrics/nothing")


def killed(programs, checks, writer, reader, folder):
    with checks.check("kill -9 in the middle of uploads: readers see whole blocks, and the next start brings the rest"):
        before = len(list(folder.rglob("samples.parquet")))
        writer.start()
        later = ["--hosts", "20", "--interval", "1s", "--duration", "10m", "--seed", "4", "--start", str(END + 7200)]
        done = programs.datasets("fleet", *later, "--remote-write", f"{writer.url}/api/v1/write", timeout=300)
        assert done.returncode == 0, done.stderr
        writer.process.terminate()
        wait_until(lambda: len(list(folder.rglob("samples.parquet"))) > before, 60, "the first file of an upload")
        writer.kill()
        for _ in range(20):
            assert reader.api("query", query="count(up)", time=END)["result"], "no answer"
        writer.start()
        equal(writer.stop(), 0, "the exit code")
        query, at = "sum(count_over_time(up[10m]))", END + 7200 + 600
        writer.start()
        wanted = writer.value(query, at)
        wait_until(lambda: reader.value(query, at) == wanted, 60, "the reader's look at the new blocks")


def away(checks, writer, reader, s3):
    with checks.check("without the bucket, writers go on, and readers answer from what they have or say what fails"):
        s3.kill()
        equal(http(f"{writer.url}/-/healthy")[0], 200, "the writer's health")
        status, body = http(f"{reader.url}/api/v1/query?query=sum(sum_over_time(node_load1[1h]))&time={END}")
        assert status == 200 or "s3://metrics/e2e" in body, f"{status} {body}"
        contains(http(f"{writer.url}/metrics")[1], "narthex_upload_blocks_waiting", "narthex_bucket_failures_total")
        contains(http(f"{reader.url}/metrics")[1], "narthex_cache_misses_total", "narthex_refresh_failures_total")


def local(programs, checks, writer):
    flags = ["--read-only", "--storage.refresh-interval=200ms"]
    with checks.check("a second server only reads the folder of the first and sees new samples"):
        beside = programs.server("beside", data=writer.data, flags=flags)
        same(answers(beside), answers(writer))
        fresh = ["--hosts", "1", "--interval", "15s", "--duration", "1m", "--start", str(END + 9000)]
        done = programs.datasets("fleet", *fresh, "--remote-write", f"{writer.url}/api/v1/write")
        assert done.returncode == 0, done.stderr
        at = END + 9000 + 60
        wait_until(lambda: beside.value("count(up)", at) == writer.value("count(up)", at), 60, "the look at new samples")


def answers(server):
    return {query: by_labels(server.api("query", query=query, time=END)["result"]) for query in QUERIES}


def by_labels(result):
    return {json.dumps(series["metric"], sort_keys=True): float(series["value"][1]) for series in result}


def same(got, want):
    for query, series in want.items():
        assert series, f"{query} has no answer"
        equal(sorted(got[query]), sorted(series), f"the series of {query}")
        for labels, value in series.items():
            close(got[query][labels], value, f"{query} of {labels}")
