"""The same rules over the same samples in real Prometheus and in ours: what is recorded, what alerts do, what the API says; and a real
Alertmanager that is told of ours."""

import datetime
import json
import time
from urllib.parse import urlencode

from alertmanager import Real
from checks import contains, equal
from programs import free_port, http, wait_until
from remote_write import send, series_of

RULES = """groups:
  - name: recorded
    interval: 1s
    labels: {team: one}
    rules:
      - record: job:demo:sum
        expr: sum by (job) (demo)
      - record: job:demo:double
        expr: job:demo:sum * 2
        labels: {kind: double}
      - record: demo:gone
        expr: demo{i="gone"}
  - name: alerts
    interval: 1s
    rules:
      - alert: High
        expr: demo > 5
        for: 2s
        labels: {severity: page, which: "{{ $labels.i }}"}
        annotations:
          summary: "{{ $labels.i }} is {{ $value | humanize }}, {{ with query \\"demo\\" }}{{ len . }}{{ end }} in all"
      - alert: Missing
        expr: absent(demo{i="never"})
"""
BAD = "groups:\n  - name: a\n    rules:\n      - record: b\n        expr: sum(\n"
RENAMED = RULES.replace("demo:gone", "demo:went")


def run(programs, checks):
    ours, theirs = start(programs)
    urls = [ours.url, theirs]
    began = time.time()
    with checks.check("an alert waits, fires and ends as in Prometheus"):
        for state, value in [("pending", 10), ("firing", 10), ("inactive", 1)]:
            feed_until(urls, value, lambda url, state=state: state_of(url, "High") == state, f"High is {state}")
            if state == "firing":
                # Long enough for a backtest, whose instants are not those of the servers, to see it three times.
                going_on(urls, 10, 3)
                equal(*[shown(url) for url in urls])
                equal(*[alerts(url) for url in urls])
    with checks.check("what is recorded is what Prometheus records"):
        time.sleep(1.5)
        for query in ["job:demo:sum", "job:demo:double", "demo:gone", "ALERTS", "ALERTS_FOR_STATE > bool 0"]:
            equal(*[instant(url, query) for url in urls])
    with checks.check("a backtest tells of the alert that fired"):
        rule_file = programs.folder / "rules-both.yml"
        span = ["--start", str(int(began)), "--end", str(int(time.time())), "--format", "json"]
        done = programs.narthex("rules", "backtest", rule_file, "--storage.path", ours.data, *span)
        equal(done.returncode, 0, done.stderr)
        fired = [episode for episode in json.loads(done.stdout) if episode["firedAt"] and episode["labels"]["alertname"] == "High"]
        equal(len(fired), 1, done.stdout)
        equal(fired[0]["labels"], {"alertname": "High", "i": "a", "job": "demo", "severity": "page", "which": "a"})
        equal(fired[0]["annotations"], {"summary": "a is 10, 3 in all"})
        equal((instant_of(fired[0]["firedAt"]) - instant_of(fired[0]["activeAt"])).total_seconds(), 2.0)
        assert fired[0]["endedAt"], done.stdout
    with checks.check("a rule that is gone after a reload leaves no series; one that is wrong changes nothing"):
        rule_file = programs.folder / "rules-both.yml"
        rule_file.write_text(BAD)
        status, body = http(f"{ours.url}/-/reload", data=b"")
        equal(status, 500)
        contains(body, "rules-both.yml:5")
        rule_file.write_text(RENAMED)
        equal([http(f"{url}/-/reload", data=b"")[0] for url in urls], [200, 200])
        feed_until(urls, 1, lambda url: instant(url, "demo:went") and not instant(url, "demo:gone"), "the new name, and not the old one")
        equal(*[shown(url) for url in urls])
    with checks.check("after a restart rules go on"):
        ours.kill()
        ours.start()
        feed_until(urls, 1, lambda url: bool(instant(url, "job:demo:sum")), "recording")
    with checks.check("files are checked as promtool does"):
        for text, wrong in [(RULES, False), (BAD, True)]:
            path = programs.folder / "checked.yml"
            path.write_text(text)
            verdicts = [programs.narthex("check", "rules", path), programs.run(programs.peers / "promtool", "check", "rules", path)]
            equal([done.returncode != 0 for done in verdicts], [wrong, wrong], str(verdicts))


    with checks.check("unit tests of rules have promtool's verdicts, in its words"):
        for text, wrong in [(TESTS, 0), (TESTS.replace("value: 11", "value: 12").replace("a is 10", "a is well"), 2)]:
            path = programs.folder / "tested.yml"
            path.write_text(text)
            theirs = programs.run(programs.peers / "promtool", "test", "rules", path)
            own = programs.narthex("test", "rules", path)
            equal([done.returncode for done in (own, theirs)], [int(wrong > 0)] * 2, own.stdout + theirs.stdout)
            equal([own.stdout, own.stderr], [theirs.stdout, theirs.stderr])
            equal(own.stderr.count("exp:"), wrong)
    told(programs, checks)


TESTS = """rule_files: [rules-both.yml]
evaluation_interval: 1s
tests:
  - interval: 1s
    name: first
    input_series:
      - {series: 'demo{job="demo", i="a"}', values: '1 10x6'}
      - {series: 'demo{job="demo", i="b"}', values: '1+0x8 _ stale'}
      - {series: 'distribution', values: '{{schema:1 count:4 sum:3 buckets:[1 2 1]}}x5'}
    alert_rule_test:
      - {eval_time: 2s, alertname: High}
      - eval_time: 3s
        alertname: High
        exp_alerts:
          - exp_labels: {severity: page, which: a, job: demo, i: a}
            exp_annotations: {summary: "a is 10, 2 in all"}
    promql_expr_test:
      - expr: job:demo:sum
        eval_time: 4s
        exp_samples: [{labels: 'job:demo:sum{job="demo", team="one"}', value: 11}]
      - expr: count(demo)
        eval_time: 10s
        exp_samples: [{labels: '{}', value: 1}]
      - expr: distribution * 2
        eval_time: 0s
        exp_samples: [{labels: '{}', histogram: '{{schema:1 count:8 sum:6 buckets:[2 4 2]}}'}]
"""


ALERTING = """alerting:
  alert_relabel_configs:
    - {action: labeldrop, regex: which}
  alertmanagers:
    - static_configs: [{targets: ['127.0.0.1:ALIVE']}]
      timeout: 2s
    - static_configs: [{targets: ['127.0.0.1:DEAD']}]
rule_files: [rules-b*.yml]
global: {external_labels: {region: north}}
"""


def told(programs, checks):
    """Two Alertmanagers, of which one is not there."""
    (programs.folder / "rules-both.yml").write_text(RULES)
    manager = Real(programs, "alertmanager").start()
    config = ALERTING.replace("ALIVE", str(manager.port)).replace("DEAD", str(free_port()))
    server = programs.server("told", config, flags=["--rules.alert.resend-delay=1s"])

    def heard():
        return manager.heard("High")

    with checks.check("amtool lists an alert that fires, as relabelled, with external labels; one Alertmanager that is away changes nothing"):
        feed_until([server.url], 10, lambda _: heard(), "the alert at the Alertmanager")
        alert = heard()[0]
        equal(alert["labels"], {"alertname": "High", "i": "a", "job": "demo", "region": "north", "severity": "page"})
        equal(alert["annotations"], {"summary": "a is 10, 3 in all"})
        contains(alert["generatorURL"], server.url, "/graph?g0.expr=")
        equal(len(data(server.url, "alertmanagers")["activeAlertmanagers"]), 2)
    with checks.check("it still fires after a restart, and is resolved once it ended"):
        server.kill()
        server.start()
        feed_until([server.url], 10, lambda url: state_of(url, "High") == "firing", "firing again")
        equal(len(heard()), 1)
        feed_until([server.url], 1, lambda _: not heard(), "no alert at the Alertmanager")
    with checks.check("what could not be sent is counted"):
        contains(server.metrics(), "prometheus_notifications_errors_total", "prometheus_notifications_sent_total", "prometheus_rule_evaluations_total")


def start(programs):
    (programs.folder / "rules-both.yml").write_text(RULES)
    config = "global: {external_labels: {region: north}}\nrule_files: [rules-b*.yml]\n"
    ours = programs.server("rules", config)
    return ours, start_prometheus(programs, "rules-prometheus", ours.config)


def start_prometheus(programs, name, config, flags=()):
    """Prometheus with a configuration of ours; its URL."""
    address = f"127.0.0.1:{free_port()}"
    programs.start(
        name, programs.peers / "prometheus", f"--config.file={config}", f"--storage.tsdb.path={programs.folder / name}",
        f"--web.listen-address={address}", "--web.enable-remote-write-receiver", "--web.enable-lifecycle", *flags,
    )
    url = f"http://{address}"
    wait_until(lambda: is_ready(url), 30, "the start of Prometheus")
    return url


def is_ready(url):
    try:
        return http(f"{url}/-/ready")[0] == 200
    except OSError:
        return False


def feed(urls, value):
    """A sample of each series, now."""
    now = int(time.time() * 1000)
    batch = [
        series_of({"__name__": "demo", "i": i, "job": "demo"}, [(now, v)])
        for i, v in [("a", value), ("b", 1), ("gone", 3)]
    ]
    for url in urls:
        send(url, batch)


def feed_until(urls, value, there, what):
    def fed():
        feed(urls, value)
        time.sleep(0.2)
        return all(there(url) for url in urls)

    wait_until(fed, 30, what)


def going_on(urls, value, seconds):
    until = time.time() + seconds
    while time.time() < until:
        feed(urls, value)
        time.sleep(0.2)


def instant_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def data(url, path):
    status, body = http(f"{url}/api/v1/{path}")
    assert status == 200, f"{path}: {status} {body[:400]}"
    return json.loads(body)["data"]


def state_of(url, name):
    rules = [rule for group in data(url, "rules")["groups"] for rule in group["rules"]]
    return next(rule["state"] for rule in rules if rule["name"] == name)


def shown(url):
    """The rules without what differs from run to run."""
    groups = data(url, "rules")["groups"]
    for group in groups:
        for key in ["evaluationTime", "lastEvaluation"]:
            del group[key]
        for rule in group["rules"]:
            for key in ["evaluationTime", "lastEvaluation"]:
                del rule[key]
            for alert in rule.get("alerts", []):
                del alert["activeAt"]
            rule.get("alerts", []).sort(key=lambda alert: json.dumps(alert["labels"], sort_keys=True))
    return sorted(groups, key=lambda group: group["name"])


def alerts(url):
    found = data(url, "alerts")["alerts"]
    for alert in found:
        del alert["activeAt"]
    return sorted(found, key=lambda alert: json.dumps(alert["labels"], sort_keys=True))


def instant(url, query):
    """Values by labels, now."""
    result = data(url, f"query?{urlencode({'query': query, 'time': time.time()})}")["result"]
    return {json.dumps(series["metric"], sort_keys=True): series["value"][1] for series in result}
