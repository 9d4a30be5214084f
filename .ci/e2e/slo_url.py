"""SLOs asked of a server by our own commands: the same answers as straight from its data folder, the same exit codes."""

import json
import re

import duckdb
from checks import contains, equal

MINUTE = 60_000
FORMATS = ["html", "csv", "json", "parquet", "md", "openmetrics", "table"]
# When a report was made, wherever a format says so.
MADE = [r'"made_at":"[^"]*"', r"Made [^.<]* by narthex"]
MORE = """window: 30d
slos:
  - {name: misspelt, objective: 99, gauge: shop_request_total}
  - {name: found, objective: 99.9, errors: 'shop_requests_total{code="500"}', total: shop_requests_total, policies: [google-30d]}
"""
OWN = "- {name: sudden, severity: page, burn: {factor: 2, long: 10m, short: 2m}}\n"


class Asked:
    """A command, asked of the server and of the folder, at the same instant."""

    def __init__(self, programs, server, data, specs, at):
        self.programs = programs
        self.at = f"{at // 1000}"
        self.there = ["--url", server.url]
        self.here = ["-f", specs, "--storage.path", data]

    def of(self, source, what, *args):
        return self.programs.narthex("slo", what, *source, "--at", self.at, *args)

    def both(self, what, *args, code=0):
        """What both print, once it is the same."""
        there, here = [self.of(source, what, *args) for source in (self.there, self.here)]
        equal((there.returncode, here.returncode), (code, code), f"the exit codes of {what} {args}: {there.stderr}{here.stderr}")
        equal(plain(there.stdout), plain(here.stdout), f"{what} {args}")
        equal(there.stderr, here.stderr, f"what {what} {args} says besides")
        return there


def run(programs, checks, server, data, specs, now):
    asked = Asked(programs, server, data, specs, now - 5 * MINUTE)
    with checks.check("a report by --url is that of the data folder, in every format"):
        wanted = ["--window", "1d,6h,calendar-day", "--tz", "Europe/Berlin", "--periods", "3", "--title", "All & sundry"]
        folders = []
        for name, source in [("there", asked.there), ("here", asked.here)]:
            folders.append(programs.folder / f"reports-{name}")
            done = asked.of(source, "report", *wanted, "--format", ",".join(FORMATS), "-o", folders[-1])
            equal((done.returncode, done.stderr), (0, ""))
        there, here = [sorted(path.name for path in folder.iterdir()) for folder in folders]
        equal((there, len(there)), (here, len(FORMATS)))
        for name in there:
            if name.endswith("parquet"):
                equal(*[duckdb.sql(f"SELECT COLUMNS(*)::VARCHAR FROM read_parquet('{folder / name}')").fetchall() for folder in folders], name)
            else:
                equal(*[plain((folder / name).read_text()) for folder in folders], name)
        asked.both("report", "--format", "md", "--slo", "network,shop-by-code")
        asked.both("report", "--format", "csv", "--slo", "shop-by-code", "--group-by", "code", "--compare-methods", "--exclusions", "both")
    with checks.check("--fail-on says the same and ends alike"):
        failed = asked.both("status", "--fail-on", "blown", code=1)
        contains(failed.stderr, "shop-availability: blown over its window (6h): ")
        asked.both("status", "--slo", "shop-by-code", "--fail-on", "blown,unknown,budget<20%")
        asked.both("report", "--format", "csv", "--fail-on", "unknown", code=1)
    with checks.check("backtests and other targets by --url are those of the data folder"):
        own, listed = programs.folder / "own-policies.yaml", programs.folder / "incidents.csv"
        own.write_text(OWN)
        listed.write_text(f"start,end\n{(now - 30 * MINUTE) // 1000},{now // 1000}\n")
        chosen = ["--policy", f"google-30d,{own}"]
        asked.both("backtest", *chosen)
        there, here = [asked.of(source, "backtest", *chosen, "--format", "json") for source in (asked.there, asked.here)]
        there, here = [json.loads(done.stdout, parse_float=lambda text: round(float(text), 12)) for done in (there, here)]
        equal(there, here, "a backtest as JSON")
        assert any(one["policy"] == "sudden" and one["fired"] for one in there), there
        asked.both("backtest", "--incidents", listed, "--from", f"{(now - 600 * MINUTE) // 1000}", "--step", "2m")
        contains(asked.both("what-if", "--targets", "50,99.9", "--windows", "1h,6h").stdout, "99.9 % met")
    with checks.check("specs checked with a server's data, and rules of its SLOs"):
        (programs.folder / "more.yaml").write_text(MORE)
        there, here = [programs.narthex("slo", "validate", "-f", programs.folder / "more.yaml", *source) for source in (asked.there, ["--storage.path", data])]
        equal((there.returncode, there.stdout), (here.returncode, here.stdout))
        equal(there.stderr, here.stderr)
        contains(there.stderr, "[matches-nothing]")
        there, here = [programs.narthex("slo", "rules", *source, "--dialect", "sloth") for source in (asked.there, ["-f", specs])]
        equal(there.returncode, 0, there.stderr)
        equal("".join(line for line in there.stdout.splitlines(True) if not line.startswith("# ")), here.stdout)
    with checks.check("what a server does not have is said with what to do"):
        done = asked.of(asked.there, "status", "--slo", "shop-availabilty")
        equal(done.returncode, 1)
        contains(done.stderr, 'did you mean "shop-availability"?')
        done = programs.narthex("slo", "status", "--url", "http://127.0.0.1:1")
        equal(done.returncode, 1)
        contains(done.stderr, "no answer from http://127.0.0.1:1")


def plain(text):
    """A report without when it was made."""
    for made in MADE:
        text = re.sub(made, "made", text)
    return text
