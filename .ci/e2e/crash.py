"""Remote write, and kill -9 in the middle of it: what was acknowledged is there, once."""

from checks import contains, equal
from programs import wait_until

# At a scrape a second, the whole data set lies within the window for late samples: it can be sent twice.
FLEET = ["--hosts", "20", "--interval", "1s", "--duration", "5m", "--seed", "7"]
SAMPLES = 20 * 300 * 108
HOSTS_PER_REQUEST = 5
REQUESTS = 20 // HOSTS_PER_REQUEST * 300


def run(programs, checks):
    server = programs.server("crash")
    acked = programs.folder / "acked.log"
    for share in [0.3, 0.6]:
        with checks.check(f"kill -9 after {share:.0%} of the requests: all acknowledged samples are there, none twice"):
            acked.write_text("")
            sender = start_sending(programs, server, acked)
            wait_until(lambda: lines(acked) >= share * REQUESTS or sender.poll() is not None, 120, "sending")
            equal(sender.poll(), None, "the sender's exit code")
            server.kill()
            assert sender.wait(timeout=60) != 0, "the sender did not notice"
            assert lines(acked) < REQUESTS, "everything was sent before the kill"
            server.start()
            check_acked(programs, server, acked)
    with checks.check("the whole data set sent once more: every sample is there, none twice"):
        acked.write_text("")
        sender = start_sending(programs, server, acked)
        equal(sender.wait(timeout=120), 0, "the sender's exit code")
        contains(check_acked(programs, server, acked), f"{SAMPLES} samples acknowledged, {SAMPLES} found as sent")
    with checks.check("the same after SIGTERM and a start: now from blocks"):
        equal(server.stop(), 0, "the exit code")
        server.start()
        check_acked(programs, server, acked)
    with checks.check("narthex verify is clean after all that"):
        equal(server.stop(), 0, "the exit code")
        done = programs.narthex("verify", "--storage.path", server.data)
        equal(done.returncode, 0, f"the exit code ({done.stdout} {done.stderr})")


def start_sending(programs, server, acked):
    flags = ["--connections", "2", "--hosts-per-request", HOSTS_PER_REQUEST, "--retries", "0"]
    target = ["--remote-write", f"{server.url}/api/v1/write", "--log-acked", acked]
    return programs.start("sender", programs.own / "narthex-datasets", "fleet", *FLEET, *flags, *target)[0]


def lines(path):
    return path.read_bytes().count(b"\n")


def check_acked(programs, server, acked):
    done = programs.datasets("check", *FLEET, "--url", server.url, "--log-acked", acked, timeout=300)
    assert done.returncode == 0, f"{done.stdout.strip()} {done.stderr.strip()}"
    return done.stdout
