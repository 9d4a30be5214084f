"""What is wrong gets a clear error, nothing is lost, and a server that runs goes on."""

import os
import subprocess

from checks import contains, equal
from programs import http, wait_until

GOOD = "scrape_configs: []\n"
BAD = "global:\n  scrape_interval: 1s\nscrape_configs:\n  - job_name: x\n    scrape_intervall: 5s\n"
BAD_LINE = 5

FLEET = ["--hosts", "2", "--interval", "15s", "--duration", "5m"]
OVERSIZE_BYTES = 40 << 20


def run(programs, checks):
    server = programs.server("bad-input")
    write = f"{server.url}/api/v1/write"
    protobuf = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"}
    with checks.check("a garbage body: 400"):
        status(write, b"\xff\xfe not snappy", protobuf, 400)
    with checks.check("a snappy body that is no message: 400"):
        status(write, b"\x03\x08\xff\xff\xff", protobuf, 400)
    with checks.check("a wrong content type: 415"):
        status(write, b"{}", {"Content-Type": "application/json"}, 415)
    with checks.check("a wrong content encoding: 415"):
        status(write, b"", {**protobuf, "Content-Encoding": "zstd"}, 415)
    with checks.check("an oversize request: 413"):
        oversize(write, protobuf)
    with checks.check("bad queries: 400 and the API's error"):
        for path in ["query?query=sum(", "query_range?query=up&start=1&end=2&step=0", "sql?query=SELEC"]:
            code, body = http(f"{server.url}/api/v1/{path}")
            equal(code, 400, path)
            contains(body, '"status":"error"', '"errorType"')
    configurations(programs, server, checks)
    with checks.check("after all that it takes samples and answers"):
        done = programs.datasets("fleet", *FLEET, "--remote-write", write)
        equal(done.returncode, 0, f"the exit code ({done.stderr})")
        equal(server.value("count(up)", 1735689600 + 295), 2.0)
        no_panic(server)
    folders(programs, server, checks)


def status(url, body, headers, want):
    code, text = http(url, body, headers)
    equal(code, want, f"the status ({text.strip()[:200]})")
    assert text.strip(), "the answer says nothing"


def oversize(url, headers):
    """A server may answer and close before it has read everything, which a sender sees as a broken connection."""
    try:
        status(url, os.urandom(1 << 20) * (OVERSIZE_BYTES >> 20), headers, 413)
    except OSError:
        command = ["curl", "-s", "-o", os.devnull, "-w", "%{http_code}", "--data-binary", "@-", "-H", "Expect:"]
        for name, value in headers.items():
            command += ["-H", f"{name}: {value}"]
        done = subprocess.run([*command, url], input=bytes(OVERSIZE_BYTES), capture_output=True, timeout=60)
        equal(done.stdout.decode(), "413", "the status")


def no_panic(server):
    assert "panicked" not in server.log.read_text(errors="replace"), f"a panic in {server.log}"


def configurations(programs, server, checks):
    bad = programs.folder / "bad.yml"
    bad.write_text(BAD)
    place = f"bad.yml:{BAD_LINE}"
    with checks.check("bad YAML at the start: an error with file, line and key"):
        refused(programs, programs.folder / "unused", place, "scrape_intervall", flags=[f"--config.file={bad}"])
    for name, reload in [("POST /-/reload", by_http), ("SIGHUP", by_signal)]:
        with checks.check(f"bad YAML on {name}: an error, and it keeps running"):
            server.config.write_text(BAD)
            before = server.log.stat().st_size
            reload(server, before)
            server.config.write_text(GOOD)
            equal(http(f"{server.url}/-/healthy")[0], 200, "healthy")
    with checks.check("good YAML on reload: accepted"):
        equal(http(f"{server.url}/-/reload", b"")[0], 200, "the status")


def by_http(server, _):
    code, body = http(f"{server.url}/-/reload", b"")
    equal(code, 500, "the status")
    contains(body, f":{BAD_LINE}", "scrape_intervall")


def by_signal(server, log_before):
    server.process.send_signal(1)

    def said():
        with open(server.log, "rb") as log:
            log.seek(log_before)
            return b"scrape_intervall" in log.read()

    wait_until(said, 10, "the error in the log")


def folders(programs, server, checks):
    with checks.check("a second process on the same folder: an error that says so"):
        refused(programs, server.data, str(server.data))
        equal(http(f"{server.url}/-/healthy")[0], 200, "the first one's health")
    with checks.check("the data folder is a file: an error that names it"):
        path = programs.folder / "a-file"
        path.write_text("x")
        refused(programs, path, str(path))
    with checks.check("a folder that cannot be written: an error that names it"):
        # Even root cannot write there.
        refused(programs, "/proc/narthex-data", "/proc/narthex-data")
    small = programs.folder / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", small], capture_output=True).returncode != 0:
        print("skipped a full disk: no right to mount a small file system")
        return
    try:
        with checks.check("a full disk: refused loudly, what was acknowledged stays"):
            full_disk(programs, small)
        with checks.check("a read-only disk: an error that names the folder"):
            subprocess.run(["mount", "-o", "remount,ro", small], check=True)
            refused(programs, small / "data", "small/data")
    finally:
        subprocess.run(["umount", "-l", small], check=False)


def refused(programs, data, *words, flags=()):
    """A server that does not start, and whose error has these words."""
    args = ["serve", f"--storage.path={data}", "--web.listen-address=127.0.0.1:0", *flags]
    done = programs.narthex(*args, timeout=30)
    assert done.returncode not in (0, None), "it did not fail"
    text = done.stderr + done.stdout
    contains(text, *words)
    assert "panicked" not in text, text


def full_disk(programs, small):
    server = programs.server("full-disk", data=small / "data")
    acked = programs.folder / "full-disk-acked.log"
    fleet = ["--hosts", "20", "--interval", "1s", "--duration", "25m", "--seed", "5"]
    flags = ["--retries", "0", "--remote-write", f"{server.url}/api/v1/write", "--log-acked", acked]
    done = programs.datasets("fleet", *fleet, *flags, timeout=300)
    assert done.returncode != 0, "3.2 million samples fit into 6 MB"
    contains(done.stderr, " 50")
    equal(http(f"{server.url}/-/healthy")[0], 200, "healthy")
    no_panic(server)
    server.kill()
    # Room again: what was acknowledged must be there.
    subprocess.run(["mount", "-o", "remount,size=200m", small], check=True)
    server.start()
    done = programs.datasets("check", *fleet, "--url", server.url, "--log-acked", acked, timeout=300)
    equal(done.returncode, 0, f"the exit code ({done.stdout} {done.stderr})")
    equal(server.stop(), 0, "the exit code")
