"""Runs the end-to-end scenarios in order and counts what passed."""

import argparse
import pathlib
import signal
import sys
import tempfile

import alert_generator
import alerting
import bad_input
import blocks
import bucket
import crash
import crash_loop
import differential
import imports
import limits
import oauth2
import open_format
import rules
import rules_files
import rules_hostile
import rules_live
import rules_past
import scrape
import slo_peers
import slo
import slo_files
from checks import Checks
from programs import Programs, stop_all

# All scenarios together take about ten minutes on two busy cores.
SECONDS_MAX = 2400

SCENARIOS = [
    ("scrape: a real exporter, asked by promtool and by our own commands", scrape.run),
    ("crash: kill -9 in the middle of remote write", crash.run),
    ("crash loop: kill -9 again and again while blocks are cut and merged", crash_loop.run),
    ("blocks: an outside reader, and damage", blocks.run),
    ("open format: three outside readers over a live store", open_format.run),
    ("imports: Prometheus, VictoriaMetrics, Parquet", imports.run),
    ("bucket: object storage, with faults", bucket.run),
    ("differential: random queries, compared with Prometheus", differential.run),
    ("rules: recorded and alerted on beside Prometheus", rules.run),
    ("live rules: the same stream into Prometheus and ours, compared sample by sample", rules_live.run),
    ("hostile rules: they explode, loop and grow beside others", rules_hostile.run),
    ("rules in files: promtool's verdicts and ours", rules_files.run),
    ("rules over the past: backfilled, compared with Prometheus and promtool", rules_past.run),
    ("SLO specs: promtool's verdicts on rules, mistakes and where they are", slo_files.run),
    ("alerting: Alertmanagers found, trusted, slow and refusing", alerting.run),
    ("oauth2: tokens for whoever is asked or told, as Prometheus gets them", oauth2.run),
    ("alert generator: the cases of the suite for alerts, beside Prometheus", alert_generator.run),
    ("slo: counted, told, alerted on in the running server", slo.run),
    ("slo: a month counted, beside the rules of Sloth and Pyrra, slo-generator and a plain count", slo_peers.run),
    ("limits: nasty queries, many at once", limits.run),
    ("bad input: a clear error each", bad_input.run),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="folder with narthex and narthex-datasets")
    parser.add_argument("--peers", type=pathlib.Path, required=True, help="folder with promtool, prometheus, victoria-metrics and the node exporter")
    parser.add_argument("words", nargs="*", help="run only scenarios whose name has one of these")
    args = parser.parse_args()

    # Whichever way this ends, nothing that it started stays behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    signal.signal(signal.SIGALRM, lambda *_: sys.exit(f"FAILED: still running after {SECONDS_MAX} s"))
    signal.alarm(SECONDS_MAX + rules_live.ATTEMPTS * rules_live.SECONDS + alert_generator.SECONDS)
    checks = Checks()
    try:
        with tempfile.TemporaryDirectory(prefix="narthex-e2e-") as folder:
            programs = Programs(args.programs, args.peers, pathlib.Path(folder))
            for name, scenario in SCENARIOS:
                if not args.words or any(word in name for word in args.words):
                    print(f"\n{name}", flush=True)
                    with checks.scenario():
                        scenario(programs, checks)
                    stop_all()
    finally:
        stop_all()
    print(f"\n{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
