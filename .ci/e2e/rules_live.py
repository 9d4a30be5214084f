"""The same rule files over the same live stream in Prometheus and in ours: afterwards, what both have recorded must be the same, sample
by sample, and alerts must have gone the same way at the same times.

NARTHEX_RULES_SECONDS=600 lets it run for ten minutes."""

import json
import math
import os
import time
from urllib.parse import urlencode

from checks import contains, equal
from programs import http, points_of, stop_all, wait_until
from remote_write import send, series_of
from rules import is_ready, start_prometheus

SECONDS = int(os.environ.get("NARTHEX_RULES_SECONDS", "45"))
INTERVAL = 2
HOSTS = 6
ATTEMPTS = 3

# Rules look back a little, so that what they read is there in both, however late a sample comes.
FILES = {
    "live-cpu.yml": """groups:
  - name: cpu
    interval: 2s
    query_offset: 5s
    labels: {team: infra}
    rules:
      - {record: 'instance_mode:cpu:rate', expr: 'sum by (instance, mode) (rate(node_cpu_seconds_total[20s]))'}
      - {record: 'instance:cpu_busy:rate', expr: 'sum by (instance) (rate(node_cpu_seconds_total{mode!="idle"}[20s]))'}
      - {record: 'instance:cpu_busy:ratio', expr: 'instance:cpu_busy:rate / sum by (instance) (instance_mode:cpu:rate)', labels: {kind: ratio}}
      - {record: 'region:cpu_busy:quantile', expr: 'quantile by (region) (0.9, rate(node_cpu_seconds_total{mode="user"}[10s]))'}
      - {record: 'cpu:top', expr: 'topk(2, instance:cpu_busy:rate)'}
      - {record: 'cpu:deviation', expr: 'stddev(instance:cpu_busy:ratio)'}
      - {record: 'cpu:count', expr: 'count_values("busy", round(instance:cpu_busy:ratio, 0.25))'}
      - alert: Busy
        expr: instance:cpu_busy:ratio > 0.5
        for: 4s
        keep_firing_for: 6s
        labels: {severity: '{{ if gt $value 0.55 }}page{{ else }}ticket{{ end }}'}
        annotations: {summary: '{{ $labels.instance }} is {{ $value | humanizePercentage }} busy'}
""",
    "live-service.yml": """groups:
  - name: service
    interval: 4s
    query_offset: 5s
    rules:
      - {record: 'handler:requests:rate', expr: 'sum by (handler) (rate(http_requests_total[20s]))'}
      - {record: 'handler:errors:ratio', expr: 'sum by (handler) (rate(http_requests_total{code="500"}[20s])) / handler:requests:rate'}
      - {record: 'handler:latency:p99', expr: 'histogram_quantile(0.99, sum by (le, handler) (rate(http_request_duration_seconds_bucket[20s])))'}
      - {record: 'slope', expr: 'deriv(node_memory_MemAvailable_bytes[30s])'}
      - {record: 'past', expr: 'node_load1 offset 4s - node_load1'}
      - {record: 'inner', expr: 'max_over_time(sum by (region) (rate(node_network_receive_bytes_total[10s]))[20s:4s])'}
      - alert: Errors
        expr: handler:errors:ratio > 0
        for: 8s
      - alert: Slow
        expr: handler:latency:p99 > 3
  - name: chains
    interval: 2s
    query_offset: 5s
    rules:
      - {record: 'flapping:doubled', expr: 'flapping * 2'}
      - {alert: Flapping, expr: 'flapping > 5', for: 4s, labels: {which: '{{ $labels.i }}'}}
      # Before the stream begins it must not wait yet: the two servers did not start at the same time.
      - {alert: NotThere, expr: 'absent(flapping{i="b"}) and on() flapping{i="a"}', for: 2s}
      - {record: 'alerts:firing', expr: 'count by (alertname) (ALERTS{alertstate="firing"})'}
      - {record: 'alerts:since', expr: 'max by (alertname) (ALERTS_FOR_STATE) - 1.7e9'}
""",
}
RECORDED = '{__name__=~".*:.*|slope|past|inner|ALERTS|ALERTS_FOR_STATE"}'


def run(programs, checks):
    for name, text in FILES.items():
        (programs.folder / name).write_text(text)
    # A machine that is too slow for a turn of a group now and then says nothing about rules: once more.
    for attempt in range(ATTEMPTS):
        urls, began, end = play(programs, attempt)
        missed_turns = {url: turns_missed(url) for url in urls}
        if not any(missed_turns.values()):
            break
        print(f"        turns that there was no time for: {list(missed_turns.values())}", flush=True)
        if attempt + 1 < ATTEMPTS:
            stop_all()
    with checks.check("no turn was missed, no rule failed"):
        equal(list(missed_turns.values()), [0, 0])
        equal([total(url, "prometheus_rule_evaluation_failures_total") for url in urls], [0, 0])
    mine, theirs = (recorded(url, began, end) for url in urls)
    with checks.check(f"what is recorded in {SECONDS} s is what Prometheus records"):
        alike(*[{labels: points for labels, points in all_of.items() if not is_alert(labels)} for all_of in (mine, theirs)])
    with checks.check("alerts wait, fire and end when those of Prometheus do"):
        of_alerts = [{labels: points for labels, points in all_of.items() if is_alert(labels)} for all_of in (mine, theirs)]
        alike(*of_alerts)
        states = {dict(labels).get("alertstate") for labels in of_alerts[0]}
        equal(states, {"pending", "firing", None})
    samples = sum(len(points) for points in mine.values())
    exact = sum(points == theirs.get(labels) for labels, points in mine.items())
    print(f"        {len(mine)} series, {samples} samples; {exact} series are the same to the last bit")


def play(programs, attempt):
    """Both servers with the same rules and samples; their URLs, and from when to when there were samples."""
    config = "global: {external_labels: {region: north}}\nrule_files: [live-*.yml]\n"
    ours = programs.server(f"of-rules-{attempt}", config)
    urls = [ours.url, start_prometheus(programs, f"of-rules-prometheus-{attempt}", ours.config)]
    # All rules have been evaluated in both before there is anything to see.
    for url in urls:
        wait_until(lambda url=url: all_evaluated(url), 60, "the first evaluation of all rules")
    began = int(time.time()) + 1
    stream(programs, urls, began)
    return urls, began, flap(urls, began)


def stream(programs, urls, began):
    """The fleet, sent live to both."""
    for at, url in enumerate(urls):
        programs.start(
            f"live-fleet-{at}", programs.own / "narthex-datasets", "fleet", "--live", "--hosts", HOSTS, "--interval", f"{INTERVAL}s",
            "--start", began, "--duration", f"{SECONDS + 10}s", "--connections", 1, "--remote-write", f"{url}/api/v1/write",
        )


def flap(urls, began):
    """Series that come, go over a threshold and back, and vanish, at times that follow from a wave. Returns when it was over."""
    tick = 0
    while tick * INTERVAL < SECONDS:
        time.sleep(max(0.0, began + tick * INTERVAL - time.time()))
        at = (began + tick * INTERVAL) * 1000
        there = [i for i, period in [("a", 11), ("b", 7), ("c", 5)] if i == "a" or (tick // period) % 2]
        batch = [series_of({"__name__": "flapping", "i": i}, [(at, 5 + 4 * math.sin(tick / 3 + ord(i)))]) for i in there]
        for url in urls:
            send(url, batch)
        tick += 1
    # What was sent last has been evaluated.
    time.sleep(12)
    return began + SECONDS


def recorded(url, began, end):
    """All samples of what rules wrote, from when all windows were full to the end."""
    query = f"{RECORDED}[{end - began}s]"
    status, body = http(f"{url}/api/v1/query?{urlencode({'query': query, 'time': end})}")
    equal(status, 200, body)
    return points_of(json.loads(body))


def is_alert(labels):
    return dict(labels)["__name__"].startswith("ALERTS")


def alike(mine, theirs):
    """The same series with the same times; values within the last bits, since sums may be added up in another order."""
    equal(sorted(set(mine) ^ set(theirs)), [], "series that only one of them has")
    assert mine, "nothing was recorded"
    for labels, points in mine.items():
        other = theirs[labels]
        equal([at for at, _ in points], [at for at, _ in other], f"the times of {dict(labels)}")
        for (at, a), (_, b) in zip(points, other):
            assert a == b or math.isclose(a, b, rel_tol=1e-12) or (a != a and b != b), f"{dict(labels)} at {at}: {a!r}, not {b!r}"


def all_evaluated(url):
    groups = json.loads(http(f"{url}/api/v1/rules")[1])["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    return len(groups) == 3 and all(rule["health"] == "ok" for rule in rules)


def turns_missed(url):
    return total(url, "prometheus_rule_group_iterations_missed_total")


def total(url, name):
    """The sum of a metric's series."""
    page = http(f"{url}/metrics")[1]
    contains(page, "prometheus_rule_evaluations_total")
    lines = [line for line in page.splitlines() if line.startswith((name + "{", name + " "))]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)
