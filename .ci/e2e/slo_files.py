"""Specs as files: rules in three dialects, judged and played by promtool; conversions that read back; and mistakes, each with its place."""

import pathlib
import re

from checks import contains, equal

SPECS = pathlib.Path(__file__).parents[2] / "slo" / "tests" / "specs"
DIALECTS = ["sloth", "pyrra", "native"]

PLACED = re.compile(r"^[a-z-]+\.yaml:\d+:\d+: .+")

# Two alerts: one in an hour of errors, and one that wants a number of them.
SLO = """
name: requests
service: shop
objective: 99.9
window: 30d
errors: http_requests_total{job="shop",code=~"5.."}
total: http_requests_total{job="shop"}
policies:
  - {name: fast, alert: FastBurn, severity: page, burn: {factor: 14.4, long: 1h, short: 5m}}
  - {name: many, alert: ManyErrors, severity: ticket, burn: {factor: 6, long: 30m, short: 5m}, min_bad: 500}
"""
# An hour without errors, an hour with 5 % of errors, an hour without.
SERIES = {"200": "0+100x60 6095+95x59 11800+100x60", "500": "0+0x60 5+5x59 300+0x60"}


def run(programs, checks):
    good, bad = [sorted((SPECS / kind).glob("*.yaml")) for kind in ["good", "bad"]]
    with checks.check(f"promtool accepts the rules of {len(good)} files in {len(DIALECTS)} dialects"):
        for spec in good:
            for dialect in DIALECTS:
                accepted(programs, spec, dialect)
    with checks.check(f"{len(bad)} bad files: every mistake with file, line and column"):
        for spec in bad:
            told = programs.narthex("slo", "validate", "-f", spec.name, cwd=spec.parent)
            equal(told.returncode, 1, f"the exit code of {spec.name}: {told}")
            equal(told.stderr, spec.with_suffix(".errors").read_text(), spec.name)
            for line in told.stderr.splitlines():
                assert PLACED.match(line), line
    with checks.check("a spec in the format of another tool reads back"):
        for spec in good:
            for format in ["native", "openslo", "sloth", "pyrra"]:
                reads_back(programs, spec, format)
    for dialect in DIALECTS:
        with checks.check(f"promtool plays the rules of {dialect}, and so do we: an hour of errors sets alerts off, and nothing else does"):
            played(programs, dialect)


def accepted(programs, spec, dialect):
    rules = programs.folder / f"{spec.stem}-{dialect}.yml"
    done = programs.narthex("slo", "rules", "-f", spec, "--dialect", dialect, "-o", rules)
    equal(done.returncode, 0, f"{spec.name} as {dialect}: {done.stderr}")
    for program in [programs.peers / "promtool", programs.own / "narthex"]:
        checked = programs.run(program, "check", "rules", "--lint-fatal", rules)
        equal(checked.returncode, 0, f"{spec.name} as {dialect}: {checked.stdout}{checked.stderr}")


def reads_back(programs, spec, format):
    written = programs.folder / f"{spec.stem}-{format}.yaml"
    done = programs.narthex("slo", "convert", "-f", spec, "--to", format, "-o", written)
    equal(done.returncode, 0, f"{spec.name} to {format}: {done.stderr}")
    if not written.read_text().strip():
        # What the other tool cannot say at all is left out, and that is said.
        contains(done.stderr, "lost: ")
        return
    told = programs.narthex("slo", "validate", "-f", written)
    equal(told.returncode, 0, f"{spec.name} as {format}: {told.stdout}{told.stderr}")


def played(programs, dialect):
    (programs.folder / "slo.yaml").write_text(SLO)
    rules = programs.folder / f"played-{dialect}.yml"
    done = programs.narthex("slo", "rules", "-f", programs.folder / "slo.yaml", "--dialect", dialect, "-o", rules)
    equal(done.returncode, 0, done.stderr)
    test = programs.folder / f"played-{dialect}-test.yml"
    test.write_text(unit_test(rules.name, dialect))
    for program in [programs.peers / "promtool", programs.own / "narthex"]:
        told = programs.run(program, "test", "rules", test)
        equal(told.returncode, 0, f"{program.name}: {told.stdout}{told.stderr}")


def unit_test(rules, dialect):
    ratio = {
        "sloth": "slo:sli_error:ratio_rate{}",
        "pyrra": "http_requests:burnrate{}",
        "native": "slo:error_ratio:rate{}",
    }[dialect]
    expected = [
        # No errors, and half an hour of them, in which one of twenty requests fails.
        ("55m", f"sum({ratio.format('5m')}) or vector(0)", [0]),
        ("90m", f"round(sum({ratio.format('5m')}), 0.0001)", [0.05]),
        # Our own dialect adds up what was recorded every minute of the last five: it is two minutes behind.
        ("90m", f"round(sum({ratio.format('1h')}), 0.0001)", [0.0233 if dialect == "native" else 0.025]),
        # All is well again.
        ("175m", f"round(sum({ratio.format('5m')}), 0.0001)", [0]),
    ]
    for at, fast in [("55m", []), ("90m", [1]), ("175m", [])]:
        expected.append((at, 'count(ALERTS{alertname="FastBurn",alertstate="firing"})', fast))
    # Half an hour has 150 errors: only our own dialect knows that these are too few.
    expected.append(("100m", 'count(ALERTS{alertname="ManyErrors",alertstate="firing"})', [] if dialect == "native" else [1]))
    series = "\n".join(f"      - {{series: 'http_requests_total{{job=\"shop\",code=\"{code}\"}}', values: '{values}'}}" for code, values in SERIES.items())
    cases = "\n".join(case(*one) for one in expected)
    return f"rule_files: [{rules}]\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n{series}\n    promql_expr_test:\n{cases}\n"


def case(at, expr, values):
    samples = ", ".join(f"{{value: {value}}}" for value in values)
    return f"      - {{expr: '{expr}', eval_time: {at}, exp_samples: [{samples}]}}"
