"""Rule files and unit tests of rules, good and bad ones of our own: promtool's verdicts and ours, and its words where they are not about places
in a file."""

import pathlib
import re

from checks import equal

FILES = pathlib.Path(__file__).parents[2] / "server" / "tests" / "rules"
# What promtool 3.5 does not know.
NEWER = ["good-start"]
# Mistakes of which ours say more: file, line and column; and one that names two series in any order.
PLACED = ["bad-rule-fails", "bad-duration", "bad-rule-file", "bad-series", "bad-type", "bad-unknown-key-of-file", "bad-unknown-key", "bad-values", "bad-yaml"]

CHECKS = [[], ["--lint=all"], ["--lint=none"], ["--lint-fatal"], ["--lint=all", "--lint-fatal"], ["--lint=nonsense,none"]]
TESTS = [["--diff"], ["--debug"], ["--run", "^o.e$"], ["--run", "nothing", "--run", "two"]]


def run(programs, checks):
    for kind, command in [("check", ["check", "rules"]), ("unit", ["test", "rules"])]:
        names = sorted(path.stem for path in (FILES / kind).glob("*-*.yml") if path.stem not in NEWER)
        with checks.check(f"{' '.join(command)}: {len(names)} files have promtool's verdict, and the one in their name"):
            for name in names:
                theirs, ours = both(programs, command, [FILES / kind / f"{name}.yml"])
                equal([ours[0], theirs[0]], [int(name.startswith("bad"))] * 2, f"{name}: {theirs}, {ours}")
                if name.startswith("good") or (kind == "unit" and name not in PLACED):
                    equal(ours, theirs, f"what is said of {name}")
    with checks.check("lints: the same words and exit codes"):
        for flags in CHECKS:
            files = [FILES / "check" / f"good-{name}.yml" for name in ["duplicates", "alert", "duplicates-with-labels"]]
            theirs, ours = both(programs, [*["check", "rules"], *flags], files)
            equal(ours, theirs, str(flags))
        for name in ["rule", "group"]:
            theirs, ours = both(programs, ["check", "rules", "--ignore-unknown-fields"], [FILES / "check" / f"bad-unknown-{name}-key.yml"])
            equal(ours, theirs, name)
        theirs, ours = both(programs, ["check", "rules"], [], stdin=(FILES / "check" / "good-alert.yml").read_text())
        equal(ours, theirs, "standard input")
    with checks.check("options of tests: the same words and exit codes"):
        files = [FILES / "unit" / f"{name}.yml" for name in ["good-chain", "bad-labels-of-alert", "bad-one-alert-more", "bad-alert-fires", "bad-value"]]
        for flags in TESTS:
            theirs, ours = both(programs, ["test", "rules", *flags], files)
            equal(*[[code, timeless(out), timeless(err)] for code, out, err in (ours, theirs)], str(flags))
    with checks.check("the report for JUnit is promtool's"):
        files = [FILES / "unit" / f"{name}.yml" for name in ["good-unnamed-twice", "bad-labels-of-alert", "bad-value", "bad-annotations"]]
        reports = [programs.folder / f"{name}.xml" for name in ["theirs", "ours"]]
        programs.run(programs.peers / "promtool", "test", "rules", f"--junit={reports[0]}", *files)
        programs.narthex("test", "rules", "--junit", reports[1], *files)
        theirs, ours = [re.sub('timestamp="[^"]+"', "", path.read_text()) for path in reports]
        equal(ours, theirs)


def both(programs, command, files, stdin=""):
    """Exit code, output and errors of promtool and of ours."""
    done = [programs.run(program, *command, *files, input=stdin) for program in [programs.peers / "promtool", programs.own / "narthex"]]
    return [[one.returncode, one.stdout, one.stderr] for one in done]


def timeless(text):
    return re.sub(r"took \S+", "took some time", text)
