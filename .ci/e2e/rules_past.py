"""Recording rules over the past: what `rules backfill` stores is what Prometheus' range queries and promtool's backfill give."""

import csv
import json
import re
import subprocess
import urllib.parse

import sampled
from checks import contains, equal
from imports import samples_in
from programs import http, points_of
from prometheus_folder import Prometheus, fill

HOURS = 5
START, END = sampled.START + 600, sampled.START + HOURS * 3600 - 600
SPAN = ["--start", str(START), "--end", str(END)]

# Name, expression, and the same without names that other rules record.
GROUPS = {
    "requests": ("20s", [
        ("job:requests:rate5m", "sum by (job) (rate(requests_total[5m]))", None),
        ("host:requests:increase", "increase(requests_total[20m])", None),
        ("job:requests:double", "job:requests:rate5m * 2", "sum by (job) (rate(requests_total[5m])) * 2"),
        ("job:requests:max", "max_over_time(job:requests:double[10m])", None),
    ]),
    "others": ("45s", [
        ("load:high", "load > 2", None),
        ("job:latency:rate", "sum by (job) (rate(latency[10m]))", None),
        ("job:latency:p90", "histogram_quantile(0.9, job:latency:rate)", None),
        ("whole", "count(requests_total) * 0 + 7", None),
        ("at:end", "sum(load @ end())", None),
    ]),
}


ALERTS = """- name: alerts
  interval: 15s
  rules:
  - {alert: Away, expr: 'absent(load{host="b"})', annotations: {said: '{{ $labels.host }} is away, "really"'}}
  - {alert: Busy, expr: 'job:requests:double > 1', for: 1m}
"""


def run(programs, checks):
    folder = programs.folder / "past-prometheus"
    prometheus = Prometheus(programs.peers / "prometheus", folder)
    try:
        fill(prometheus, folder, HOURS)
        rule_file = programs.folder / "past.yml"
        rule_file.write_text(rules(lambda expr, flat: flat or expr))
        flat = backfilled_by_promtool(programs, rule_file, prometheus.url)
        rule_file.write_text(rules(lambda expr, _: expr))
        data = programs.folder / "past"
        backfilled(programs, checks, prometheus, folder, rule_file, data, flat)
    finally:
        prometheus.stop()
    refused(programs, checks, data, rule_file)


def rules(chosen):
    text = "groups:\n"
    for name, (interval, group) in GROUPS.items():
        text += f"- name: {name}\n  interval: {interval}\n  labels: {{kind: past}}\n  rules:\n"
        text += "".join(f"  - {{record: '{record}', expr: '{chosen(expr, flat)}'}}\n" for record, expr, flat in group)
    return text


def backfilled_by_promtool(programs, rule_file, url):
    """Samples by metric and labels."""
    out = programs.folder / "past-promtool"
    done = programs.run(
        programs.peers / "promtool", "tsdb", "create-blocks-from", "rules", f"--url={url}", f"--output-dir={out}",
        f"--start={START}", f"--end={END}", rule_file,
    )
    equal(done.returncode, 0, done.stderr)
    # A dump wants a log beside the blocks.
    (out / "wal").mkdir()
    dumped = programs.run(programs.peers / "promtool", "tsdb", "dump", out)
    equal(dumped.returncode, 0, dumped.stderr)
    found = {}
    for labels, value, at in re.findall(r"^(\{.*\}) (\S+) (\d+)$", dumped.stdout, re.MULTILINE):
        found.setdefault(tuple(sorted(re.findall(r'(\w+)="(.*?)"', labels))), {})[int(at)] = float(value)
    return found


def stored(programs, data):
    """The same of ours, as a server tells it; and native histograms."""
    server = programs.server("past-stored", data=data)
    try:
        answer = server.api("query", query=f'{{kind="past"}}[{HOURS}h]', time=END)["result"]
        floats = {labels: dict(points) for labels, points in points_of([s for s in answer if "values" in s]).items()}
        histograms = {s["metric"]["__name__"]: len(s["histograms"]) for s in answer if "histograms" in s}
        ends = server.api("query", query='count_over_time(load:high{host="b"}[2m])', time=sampled.START + 3600 + 1800 + 60)["result"]
    finally:
        equal(server.stop(), 0, "the exit code")
    return floats, histograms, ends


def backfill(programs, rule_file, data, *flags, code=0):
    done = programs.narthex("rules", "backfill", rule_file, "--storage.path", data, *SPAN, *flags, timeout=300)
    equal(done.returncode, code, f"the exit code ({done.stdout} {done.stderr})")
    return done.stdout + done.stderr


def backtest(programs, rule_file, data, *flags):
    done = programs.narthex("rules", "backtest", rule_file, "--storage.path", data, *SPAN, *flags)
    equal(done.returncode, 0, done.stderr)
    return done


def backfilled(programs, checks, prometheus, folder, rule_file, data, flat):
    imported = programs.narthex("import", "prometheus", folder, "--storage.path", data, timeout=300)
    equal(imported.returncode, 0, imported.stderr)
    before = samples_in(programs, data)
    with checks.check("rules backfill --dry-run counts and writes nothing"):
        said = backfill(programs, rule_file, data, "--dry-run")
        contains(said, "would be recorded", "job:requests:rate5m")
        assert re.search(r"job:requests:double[ ┆]+\?[ ┆]+\?", said), said
        equal(samples_in(programs, data), before)
    alerts = programs.folder / "past-alerts.yml"
    alerts.write_text(rule_file.read_text() + ALERTS)
    with checks.check("rules backtest names what is to be backfilled first"):
        done = backtest(programs, alerts, data)
        contains(done.stderr, "Busy depends on job:requests:double,", "Busy depends on job:requests:rate5m,", "next: narthex rules backfill", "--start 2025-01-01T00:10:00Z")
    with checks.check("rules backfill records chains of rules; each series is what a range query of Prometheus gives"):
        said = backfill(programs, rule_file, data)
        floats, histograms, ends = stored(programs, data)
        for interval, group in GROUPS.values():
            for record, expr, flat_expr in group:
                if record in ("job:requests:max", "job:latency:p90", "job:latency:rate", "at:end"):
                    continue
                got = {labels: points for labels, points in floats.items() if ("__name__", record) in labels}
                same_as_range(prometheus.url, flat_expr or expr, got, int(interval[:-1]), record)
        equal(histograms, {"job:latency:rate": len(next(p for l, p in floats.items() if ("__name__", "whole") in l))})
    with checks.check("each series is what promtool's backfill gives, where both are able to"):
        names = ["job:requests:rate5m", "host:requests:increase", "job:requests:double", "load:high", "whole"]
        for labels, points in flat.items():
            if dict(labels)["__name__"] in names:
                ours = floats[labels]
                # promtool rounds times to milliseconds, which a server cuts off, and leaves out an instant between the last whole
                # second of a block and its end. Where it says the right time, the value may still be that of a millisecond before.
                points = {at if at in ours else at - 1: value for at, value in points.items()}
                wrong = {at: (value, ours.get(at)) for at, value in points.items() if abs(ours.get(at, 1e300) - value) > 1e-5 * abs(value)}
                assert not wrong and len(ours) - len(points) <= HOURS, f"{labels}: {wrong} of {len(points)}, ours {len(ours)}"
        known = {labels for labels in floats if dict(labels)["__name__"] in names}
        equal({labels for labels in flat if dict(labels)["__name__"] in names}, known, "the series")
    with checks.check("rules that read what is recorded over time see all of it; @ end() is each instant's own"):
        of = {dict(labels)["__name__"]: points for labels, points in floats.items()}
        doubles = sorted(of["job:requests:double"].items())
        for at, value in of["job:requests:max"].items():
            equal(value, max(v for t, v in doubles if at - 600_000 < t <= at), f"the maximum at {at}")
        assert len(of["at:end"]) > 100 and len(set(of["at:end"].values())) > 100, len(of["at:end"])
        equal(len(of["job:latency:p90"]), histograms["job:latency:rate"])
    with checks.check("rules backtest over what was recorded: as a table, JSON and CSV"):
        told = [backtest(programs, alerts, data, "--format", kind) for kind in ["json", "csv", "table"]]
        equal([done.stderr for done in told], ["", "", ""])
        episodes = json.loads(told[0].stdout)
        away = [e for e in episodes if e["labels"]["alertname"] == "Away"]
        equal([e["activeAt"] for e in away], [f"2025-01-01T0{hour}:30:00Z" for hour in range(HOURS)])
        equal([e["endedAt"] for e in away], [f"2025-01-01T0{hour}:30:30Z" for hour in range(HOURS)])
        equal(away[0]["annotations"], {"said": "b is away, \"really\""})
        assert any(e["labels"]["alertname"] == "Busy" and e["firedAt"] for e in episodes), episodes
        rows = list(csv.DictReader(told[1].stdout.splitlines()))
        equal([(row["since"], row["fired"], row["ended"]) for row in rows], [tuple(e[key] or "" for key in ("activeAt", "firedAt", "endedAt")) for e in episodes])
        equal(rows[[e["labels"]["alertname"] for e in episodes].index("Away")]["annotations"], 'said: b is away, "really"')
        equal(len([line for line in told[2].stdout.splitlines() if 'alertname="' in line]), len(episodes))
    with checks.check("a series that vanishes ends there"):
        # Host b is away for ten minutes of each hour: at its end nothing is seen of it.
        equal(ends, [])
    with checks.check("a second run changes nothing, and one that is to evaluate again doubles nothing"):
        once = samples_in(programs, data)
        contains(backfill(programs, rule_file, data), "0 samples recorded", "were recorded before")
        equal(samples_in(programs, data), once)
        contains(backfill(programs, rule_file, data, "--again"), "samples recorded in")
        equal(samples_in(programs, data), once)
        equal(stored(programs, data)[0], floats)
    with checks.check("rules backfill, killed with -9 again and again, goes on where it was"):
        killed = programs.folder / "past-killed"
        imported = programs.narthex("import", "prometheus", folder, "--storage.path", killed, timeout=300)
        equal(imported.returncode, 0, imported.stderr)
        kills = killed_again_and_again(programs, rule_file, killed)
        assert kills > 2, f"{kills} kills"
        done = programs.narthex("verify", "--storage.path", killed)
        equal(done.returncode, 0, f"the exit code of verify ({done.stdout})")
        equal(stored(programs, killed)[0], floats)
        equal(samples_in(programs, killed), once)


def same_as_range(url, expr, got, step, what):
    assert got, f"nothing of {what}"
    first = min(min(points) for points in got.values())
    while first - step * 1000 >= START * 1000:
        first -= step * 1000
    params = urllib.parse.urlencode({"query": expr, "start": first / 1000, "end": END, "step": step})
    status, body = http(f"{url}/api/v1/query_range?{params}")
    equal(status, 200, body[:400])
    want = {}
    for labels, points in points_of(json.loads(body)).items():
        labels = {**dict(labels), "__name__": what, "kind": "past"}
        want[tuple(sorted(labels.items()))] = dict(points)
    equal(sorted(got), sorted(want), f"the series of {what}")
    for labels, points in want.items():
        equal(sorted(got[labels]), sorted(points), f"the times of {labels}")
        wrong = {at: (value, got[labels][at]) for at, value in points.items() if abs(got[labels][at] - value) > 1e-9 * abs(value)}
        equal(wrong, {}, f"what differs of {labels}")


def killed_again_and_again(programs, rule_file, data):
    command, kills, delay = ["rules", "backfill", rule_file, "--storage.path", data, *SPAN], 0, 0.02
    while True:
        process, log = programs.start("past-killed", programs.own / "narthex", *command)
        try:
            process.wait(timeout=delay)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
            delay *= 1.15
            continue
        equal(process.returncode, 0, log.read_text()[-400:])
        return kills


def refused(programs, checks, data, rule_file):
    with checks.check("rules backfill refuses a folder that a server holds, and --dry-run reads beside it"):
        server = programs.server("past-held", data=data)
        contains(backfill(programs, rule_file, data, code=1), "in use by process")
        contains(backfill(programs, rule_file, data, "--dry-run"), "would be recorded")
        equal(server.stop(), 0, "the exit code")
    with checks.check("other instants than those of stored samples are refused, circles and nothing to do, too"):
        other = programs.folder / "past-other.yml"
        other.write_text(rule_file.read_text())
        contains(backfill(programs, other, data, code=1), "other instants", "--mix-schedules")
        other.write_text("groups: [{name: g, rules: [{record: a, expr: b}, {record: b, expr: a + x}]}]\n")
        contains(backfill(programs, other, data, code=1), "among the rules a, b")
        other.write_text("groups: [{name: g, rules: [{alert: A, expr: b}]}]\n")
        contains(backfill(programs, other, data, code=1), "no recording rule")
        contains(backfill(programs, rule_file, programs.folder / "nowhere", code=1), "next:")
        assert not (programs.folder / "nowhere").exists()
    with checks.check("a rule beyond the limit of its group records nothing at those instants, others all"):
        other.write_text("groups: [{name: g, limit: 2, rules: [{record: 'past:many', expr: load}, {record: 'past:one', expr: sum(load)}]}]\n")
        said = backfill(programs, other, data, code=1)
        contains(said, "past:many: nothing is recorded at", "exceeded limit of 2 with")
        assert re.search(r"past:one[ ┆]+1[ ┆]+280 ", said), said
    with checks.check("an expression that fails is named with group, rule and time"):
        other.write_text("groups: [{name: g, rules: [{record: 'past:bad', expr: 'load + on (job) requests_total'}]}]\n")
        contains(backfill(programs, other, data, code=1), 'group "g", rule "past:bad", from 2025-01-01T')
