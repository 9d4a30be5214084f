"""Rules that mean harm, beside rules that do not, under load: each fails alone, with a clear error, and nothing else is late."""

import json
import re
import threading
import time

from checks import contains, equal
from programs import http, wait_until
from remote_write import send, series_of
from rules import data, state_of

SERIES = 10_000
SECONDS = 20
FLAGS = ["--query.max-memory=256MiB", "--query.max-memory-per-query=64MiB", "--query.max-samples=100000000", "--query.timeout=5s"]

CALM = """groups:
  - name: calm
    interval: 1s
    rules:
      - {record: 'calm:sum', expr: 'sum(probe)'}
      - {alert: Calm, expr: 'probe > 0', annotations: {said: 'all is {{ $value | humanize }}'}}
"""

# Each harmful rule stands before and after one that is to go on.
EXPLODE = """groups:
  - name: explode
    interval: 1s
    rules:
      - {record: 'before:sum', expr: 'sum(probe)'}
      - {record: 'explode:memory', expr: 'max_over_time(sum by (i) (wide)[5m:100ms])'}
      - {record: 'explode:samples', expr: 'max_over_time(wide[1h:100ms])'}
      - {record: 'explode:matching', expr: 'wide * on (g) wide'}
      - {record: 'explode:same', expr: 'wide', labels: {i: all}}
      - {record: 'after:sum', expr: 'sum(probe)'}
  - name: limited
    interval: 1s
    limit: 10
    rules:
      - {record: 'limited:wide', expr: wide}
      - {alert: LimitedWide, expr: wide}
      - {record: 'limited:sum', expr: 'sum(probe)'}
"""

TEMPLATES = """groups:
  - name: templates
    interval: 1s
    rules:
      - {alert: Endless, expr: 'probe > 0', annotations: {said: '{{ range 1000000000000 }}{{ end }}'}}
      - {alert: Growing, expr: 'probe > 0', annotations: {said: '{{ $x := "aaaaaaaa" }}{{ range 100 }}{{ $x = print $x $x }}{{ end }}'}}
      - {alert: Recursive, expr: 'probe > 0', annotations: {said: '{{ define "r" }}{{ template "r" . }}{{ end }}{{ template "r" . }}'}}
      - {alert: Squared, expr: 'probe > 0', annotations: {said: '{{ range query "wide" }}{{ range query "wide" }}x{{ end }}{{ end }}'}}
      - {alert: ManyQueries, expr: 'probe > 0', annotations: {said: '{{ range $i := 1000 }}{{ query (printf "probe + %d" $i) }}{{ end }}'}}
      - {alert: ManyAlerts, expr: 'wide < 50', annotations: {said: '{{ range query "wide" }}{{ .Labels.i }}{{ end }}'}}
      - {alert: Good, expr: 'probe > 0', labels: {which: '{{ $labels.job }}'}, annotations: {said: '{{ with query "probe" }}{{ . | first | value }}{{ end }}'}}
"""


def run(programs, checks):
    server = programs.server("hostile", "rule_files: [hostile-*.yml]\n", flags=FLAGS)
    stop = threading.Event()
    feeder = threading.Thread(target=feed, args=(server.url, stop))
    feeder.start()
    try:
        wait_until(lambda: server.value("count(wide)", time.time()) == SERIES, 30, "the first samples")
        for name, text in [("calm", CALM), ("explode", EXPLODE), ("templates", TEMPLATES)]:
            (programs.folder / f"hostile-{name}.yml").write_text(text)
        equal(http(f"{server.url}/-/reload", data=b"")[0], 200)
        wait_until(lambda: len(rules(server.url)) > 10, 30, "the rules")
        wait_until(lambda: all(rule["lastEvaluation"][:4] != "0001" for rule in rules(server.url).values()), 60, "the first evaluation of all")
        wait_until(lambda: state_of(server.url, "Good") == "firing", 30, "the first alert")
        began, before = time.time(), missed(server)
        time.sleep(SECONDS)
        after, ended = missed(server), time.time()
        seen = rules(server.url)
    finally:
        stop.set()
        feeder.join()
    went_wrong(checks, seen)
    templates(checks, server.url)
    on_time(checks, server, began, ended, before, after)
    with checks.check("the server lives, and stays small"):
        equal(server.process.poll(), None)
        peak = int(re.search(r"VmHWM:\s+(\d+) kB", open(f"/proc/{server.process.pid}/status").read()).group(1)) // 1024
        assert peak < 1800, f"{peak} MiB at the peak"
        equal(server.stop(), 0, "the exit code")


def feed(url, stop):
    """Many series each second, and one that calm rules look at."""
    wide = [({"__name__": "wide", "i": str(i), "g": str(i % 100)}, float(i)) for i in range(SERIES)]
    turn = 0
    while not stop.wait(0.2):
        now = int(time.time() * 1000)
        send(url, [series_of({"__name__": "probe", "job": "one"}, [(now, 7.0)])])
        if turn % 5 == 0:
            send(url, [series_of(labels, [(now, value)]) for labels, value in wide])
        turn += 1


def rules(url):
    return {rule["name"]: rule for group in data(url, "rules")["groups"] for rule in group["rules"]}


def went_wrong(checks, seen):
    with checks.check("each rule that explodes says why; those beside it are well"):
        for name, words in [
            ("explode:samples", ["too many samples"]),
            ("explode:matching", ["many-to-many"]),
            ("explode:same", ["vector contains metrics with the same labelset after applying rule labels"]),
            ("limited:wide", [f"exceeded limit of 10 with {SERIES} series"]),
            ("LimitedWide", [f"exceeded limit of 10 with {SERIES} alerts"]),
        ]:
            print(f"        {name}: {seen[name].get('lastError')}"[:160])
            equal(seen[name]["health"], "err", name)
            contains(seen[name]["lastError"], *words)
        # A slow machine runs out of time before it runs out of memory.
        equal(seen["explode:memory"]["health"], "err")
        said = seen["explode:memory"]["lastError"]
        assert "memory" in said or "timed out" in said, said
        for name in ["calm:sum", "Calm", "before:sum", "after:sum", "limited:sum", "Good"]:
            equal((name, seen[name]["health"], seen[name].get("lastError")), (name, "ok", None))


def templates(checks, url):
    with checks.check("a template that loops, grows or asks too much is an error of that alert alone"):
        found = {}
        for alert in data(url, "alerts")["alerts"]:
            found.setdefault(alert["labels"]["alertname"], []).append(alert)
        for name, words in [
            ("Endless", "it takes too many steps"),
            ("Growing", "a text of more than 1048576 bytes"),
            ("Recursive", "exceeded maximum template depth (100)"),
            ("Squared", "it takes too many steps"),
            ("ManyQueries", "may ask 100 queries at most"),
        ]:
            equal(len(found[name]), 1, name)
            contains(found[name][0]["annotations"]["said"], "<error expanding template: error executing template __alert_", words)
        equal(found["Good"][0]["annotations"], {"said": "7"})
        equal(found["Good"][0]["labels"]["which"], "one")
        equal(found["Calm"][0]["annotations"], {"said": "all is 7"})
        equal(len(found["ManyAlerts"]), 50)


def missed(server):
    """By group, evaluations that there was no time for."""
    found = re.findall(r'^prometheus_rule_group_iterations_missed_total\{.*?rule_group="[^"]*;(\w+)"\} (\S+)', server.metrics(), re.MULTILINE)
    return {group: float(count) for group, count in found}


def on_time(checks, server, began, ended, before, after):
    with checks.check("other groups are on time: no turn is missed, and each has its sample"):
        late = {group: after[group] - before[group] for group in after}
        took = {group["name"]: group["evaluationTime"] for group in data(server.url, "rules")["groups"]}
        print(f"        missed in {SECONDS} s: {late}; the last evaluation took {took}")
        equal(late["calm"], 0.0)
        for name in ["calm:sum"]:
            points = server.api("query", query=f"{name}[{int(ended - began) - 1}s]", time=ended)["result"][0]["values"]
            steps = {round(float(b[0]) - float(a[0]), 3) for a, b in zip(points, points[1:])}
            equal(steps, {1.0}, f"the distances of {name}")
    with checks.check("what failed has recorded nothing"):
        for name in ["explode:memory", "explode:samples", "explode:matching", "explode:same", "limited:wide"]:
            equal(server.api("query", query=f'count(last_over_time({{__name__="{name}"}}[1m]))', time=ended)["result"], [], name)
        equal(json.loads(http(f"{server.url}/api/v1/query?query=count(ALERTS%7Balertname%3D%22LimitedWide%22%7D)")[1])["data"]["result"], [])
