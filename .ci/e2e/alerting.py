"""How alerts get to Alertmanagers: whom discovery finds, with which credentials, and what becomes of the others when some misbehave."""

import json
import pathlib
import sys
import time

from alertmanager import PASSWORD, USER, Odd, Real, late, says
from checks import contains, equal
from programs import free_port, http, wait_until
from rules import data, feed, feed_until, is_ready, state_of

RULES = """groups:
  - name: alerts
    interval: 1s
    rules:
      - {alert: High, expr: demo > 5, labels: {severity: page}}
"""


def run(programs, checks):
    found_alike(programs, checks)
    looked_up(programs, checks)
    secured(programs, checks)
    beside_others(programs, checks)
    kept(programs, checks)


FOUND = """scrape_configs:
  - job_name: told
    scrape_interval: 1h
    http_sd_configs: [{url: 'http://ADDRESS/targets', refresh_interval: 1s}]
    relabel_configs: [{source_labels: [__address__], regex: 'h:2', action: drop}]
alerting:
  alertmanagers:
    - file_sd_configs: [{files: ['FOLDER/found-*.json'], refresh_interval: 1s}]
      path_prefix: /am/
      relabel_configs:
        - {source_labels: [zone], regex: far, action: drop}
        - {source_labels: [secure], regex: 'yes', target_label: __scheme__, replacement: https}
        - {source_labels: [path], regex: (.+), target_label: __alerts_path__, replacement: /$1/alerts}
    - http_sd_configs: [{url: 'http://USER:PASSWORD@ADDRESS/sd', refresh_interval: 1s}]
      scheme: https
    - static_configs: [{targets: ['c:80', 'c:80', 'd:1']}]
    - static_configs: [{targets: ['c:80']}]
"""


def found_alike(programs, checks):
    """The same configuration in Prometheus and in ours."""
    told = {"groups": [{"targets": ["h:1", "h:2"], "labels": {"a": "b"}}, {"targets": ["h:3"]}]}
    teller = Odd(says(200, lambda: json.dumps(told["groups"]).encode()))
    write(programs, "found-1.json", [{"targets": ["a:1", "a:2"]}, {"targets": ["b:1"], "labels": {"zone": "far"}}])
    config = FOUND.replace("FOLDER", str(programs.folder)).replace("ADDRESS", teller.address)
    config = config.replace("USER", USER).replace("PASSWORD", PASSWORD)
    ours = programs.server("found", config)
    theirs = prometheus(programs, "found", ours.config)
    urls = [ours.url, theirs]
    with checks.check("Alertmanagers are found and dropped as in Prometheus, by file, server and name"):
        until_alike(urls, 8, 1)
    with checks.check("as files and answers change"):
        write(programs, "found-1.json", [{"targets": ["a:2"], "labels": {"secure": "yes"}}, {"targets": ["a:3"], "labels": {"path": "x/y"}}])
        write(programs, "found-2.json", [{"targets": ["e:1", "e:2"], "labels": {"zone": "far"}}])
        told["groups"] = [{"targets": ["h:3", "h:4", "h:5", "h:6"]}]
        until_alike(urls, 9, 2)
    with checks.check("targets are found by a server as in Prometheus"):
        wait_until(lambda: all(len(targets(url)) == 4 for url in urls), 40, "finding targets")
        equal(*[targets(url) for url in urls])
    with checks.check("what cannot be read leaves things as they were, and is counted"):
        (programs.folder / "found-1.json").write_text("[{")
        told["groups"] = {"no": "list"}
        wait_until(lambda: all(counted(url, "prometheus_sd_refresh_failures_total") for url in urls), 30, "a failure")
        until_alike(urls, 9, 2)
        assert counted(ours.url, "prometheus_sd_file_read_errors_total") > 0
        equal(sizes(ours.url), sizes(theirs))
    with checks.check("servers that tell of targets are asked as Prometheus asks them"):
        ours_asks, theirs_ask = (next(headers for _, headers, _ in teller.requests if who in headers["User-Agent"]) for who in ["narthex", "Prometheus"])
        for name in ["Accept", "Authorization", "X-Prometheus-Refresh-Interval-Seconds"]:
            equal(ours_asks[name], theirs_ask[name], name)
    with checks.check("no password is shown, and where it goes neither"):
        for path in ["api/v1/status/config", "api/v1/alertmanagers", "metrics", "api/v1/targets"]:
            assert PASSWORD not in http(f"{ours.url}/{path}")[1], path
        assert PASSWORD not in ours.log.read_text()
    with checks.check("mistakes are told with file, line and key"):
        for wrong, at, words in [
            ("api_version: v1", ":4:", ["api_version", "v2"]),
            ("file_sd_configs: [{files: ['*']}]", ":4:", ["file_sd_configs"]),
            ("timeout: soon", ":4:", ["alertmanagers[0].timeout"]),
            ("http_sd_configs: [{url: 'x'}]", ":4:", ["http_sd_configs[0].url"]),
            ("static_configs: [{targets: ['http://a:1']}]", ":4:", ["targets[0]", "not a valid hostname"]),
        ]:
            path = programs.folder / "wrong.yml"
            path.write_text(f"scrape_configs: []\nalerting:\n  alertmanagers:\n    - {wrong}\n")
            done = programs.narthex("check", "config", path)
            equal(done.returncode, 1, done.stdout)
            contains(done.stdout, f"wrong.yml{at}", *words)
            theirs = programs.run(programs.peers / "promtool", "check", "config", path)
            equal(theirs.returncode, 1, f"promtool's verdict on {wrong}")


LOOKED_UP = """scrape_configs:
  - job_name: addresses
    dns_sd_configs:
      - {names: [web, other.test., nobody.test., broken.test.], type: A, port: 9100}
      - {names: [web.test], type: aaaa, port: 9100}
      - {names: [many.test], type: A, port: 1}
    relabel_configs: [{source_labels: [__address__], regex: '10.1.0.1..:.*', action: drop}]
  - job_name: services
    dns_sd_configs:
      - names: [_am._tcp.test]
      - {names: [mail.test], type: MX, port: 25}
      - {names: [zone.test], type: NS, port: 53}
    relabel_configs: [{action: labelmap, regex: __meta_dns_(.*)}]
alerting:
  alertmanagers:
    - dns_sd_configs: [{names: [_am._tcp.test]}]
    - dns_sd_configs: [{names: [web.test], type: A, port: 9093}]
      relabel_configs: [{source_labels: [__address__], regex: '.*2:9093', action: drop}]
"""


def looked_up(programs, checks):
    """Names, in a network of its own where we are the name server."""
    (programs.folder / "dns.yml").write_text(LOOKED_UP)
    world = pathlib.Path(__file__).with_name("dns_world.py")
    with checks.check("names are looked up as Prometheus does: all types of records, search list, long answers, failures"):
        inside = ["--map-root-user", "--net", "--mount", sys.executable, world, programs.folder]
        done = programs.run("unshare", *inside, programs.own / "narthex", programs.peers / "prometheus")
        equal(done.returncode, 0, done.stderr)
        ours, theirs = json.loads(done.stdout)
        equal(ours, theirs)
        equal([len(ours["active"]), len(ours["dropped"])], [107, 21])
        equal(ours["managers"]["activeAlertmanagers"], [f"http://{who}/api/v2/alerts" for who in ["10.0.0.1:9093", "am-1.test:9093", "am-2.test:9094"]])
        assert ours["fails"], "no lookup failed"


SECURED = """alerting:
  alertmanagers:
    - file_sd_configs: [{files: ['secured-*.json']}]
      scheme: https
      basic_auth: {username: USER, password_file: password}
      tls_config: {ca_file: CERTIFICATE}
rule_files: [alerting-rules.yml]
"""


def secured(programs, checks):
    """An Alertmanager over TLS behind a password, named in a file that changes."""
    (programs.folder / "alerting-rules.yml").write_text(RULES)
    (programs.folder / "password").write_text(f"{PASSWORD}\n")
    write(programs, "secured-1.json", [])
    manager = Real(programs, "secured", secured=True).start()
    config = SECURED.replace("USER", USER).replace("CERTIFICATE", str(manager.certificate))
    server = programs.server("secured-ours", config, flags=["--rules.alert.resend-delay=1s"])
    with checks.check("an Alertmanager behind TLS and a password hears of an alert once a file names it"):
        feed_until([server.url], 10, lambda url: state_of(url, "High") == "firing", "firing")
        equal(active(server.url), [])
        write(programs, "secured-1.json", [{"targets": [manager.address]}])
        feed_until([server.url], 10, lambda _: manager.heard("High"), "the alert at the Alertmanager")
        equal(active(server.url), [f"https://{manager.address}/api/v2/alerts"])
        equal(manager.heard("High")[0]["labels"], {"alertname": "High", "i": "a", "job": "demo", "severity": "page"})
    with checks.check("a wrong password is an error that is counted; the right one, once it is in its file, works at once"):
        (programs.folder / "password").write_text("wrong\n")
        feed_until([server.url], 10, lambda _: "401 Unauthorized" in server.log.read_text(), "a refusal")
        assert counted(server.url, "prometheus_notifications_errors_total") > 0
        (programs.folder / "password").write_text(f"{PASSWORD}\n")
        before = counted(server.url, "prometheus_notifications_sent_total")
        feed_until([server.url], 10, lambda url: counted(url, "prometheus_notifications_sent_total") > before, "alerts sent")
    with checks.check("one that trusts only others is not told"):
        other = Real(programs, "stranger", secured=True)
        before = counted(server.url, "prometheus_notifications_errors_total")
        server.config.write_text(config.replace(str(manager.certificate), str(other.certificate)))
        equal(http(f"{server.url}/-/reload", data=b"")[0], 200)
        feed_until([server.url], 10, lambda _: "certificate" in server.log.read_text(), "an error that names the certificate")
        assert counted(server.url, "prometheus_notifications_errors_total") > before
    with checks.check("certificates that cannot be read leave things as they were"):
        server.config.write_text(config.replace("ca_file: ", "ca_file: /no"))
        status, body = http(f"{server.url}/-/reload", data=b"")
        equal(status, 500)
        contains(body, "alerting.alertmanagers[0]", "ca_file")
        done = programs.narthex("check", "config", server.config)
        equal(done.returncode, 1, done.stdout)
        contains(done.stdout, "alerting.alertmanagers[0]: tls_config: cannot read ca_file")
        server.config.write_text(config)
        equal(http(f"{server.url}/-/reload", data=b"")[0], 200)
    with checks.check("once the file names it no more, it is told no more, and the alert ends there"):
        write(programs, "secured-1.json", [])
        wait_until(lambda: active(server.url) == [], 10, "no Alertmanager")
        feed_until([server.url], 10, lambda _: not manager.heard("High"), "the end of the alert")


BESIDE = """alerting:
  alertmanagers:
    - static_configs: [{targets: ['GOOD']}]
    - static_configs: [{targets: ['NEVER', 'LATE', 'BROKEN', 'REFUSING', 'AWAY']}]
      timeout: 1s
rule_files: [alerting-rules.yml]
"""
CAPACITY = 5


def beside_others(programs, checks):
    """One that is good, among others that never answer, answer late, fail, refuse, or are not there."""
    good = Real(programs, "beside").start()
    bad = {
        "NEVER": Odd(late(3600, says(200))).address,
        "LATE": Odd(late(3, says(200))).address,
        "BROKEN": Odd(says(500, b"out of order")).address,
        "REFUSING": Odd(says(400, b"not like this" * 1000)).address,
        "AWAY": f"127.0.0.1:{free_port()}",
    }
    config = BESIDE.replace("GOOD", good.address)
    for name, address in bad.items():
        config = config.replace(name, address)
    flags = ["--rules.alert.resend-delay=1s", f"--alertmanager.notification-queue-capacity={CAPACITY}"]
    (programs.folder / "alerting-rules.yml").write_text(RULES.replace("demo > 5", "demo > 0"))
    server = programs.server("beside-ours", config, flags=flags)
    slowest = 0.0
    with checks.check("a good Alertmanager hears in time beside five bad ones"):
        began = time.time()
        feed_until([server.url], 10, lambda _: len(good.heard("High")) == 3, "the alerts at the good Alertmanager")
        assert time.time() - began < 10, f"it took {time.time() - began} s"
    with checks.check("queries, remote write and evaluation go on meanwhile"):
        until = time.time() + 12
        while time.time() < until:
            began = time.monotonic()
            feed([server.url], 10)
            equal(http(f"{server.url}/api/v1/query?query=sum(demo)")[0], 200)
            slowest = max(slowest, time.monotonic() - began)
            time.sleep(0.1)
        assert slowest < 2, f"a write and a query took {slowest} s"
        equal(counted(server.url, "prometheus_rule_group_iterations_missed_total"), 0.0)
        equal(counted(server.url, "prometheus_rule_evaluation_failures_total"), 0.0)
        equal(len(good.heard("High")), 3)
    with checks.check("errors and drops are counted for each, and queues stay bounded"):
        for name, address in bad.items():
            assert of(server.url, "errors_total", address) > 0, name
            equal(of(server.url, "sent_total", address), 0.0)
            assert of(server.url, "queue_length", address) <= CAPACITY, name
        for name in ["NEVER", "LATE", "BROKEN", "REFUSING", "AWAY"]:
            assert of(server.url, "dropped_total", bad[name]) > 0, name
        equal([of(server.url, counter, good.address) for counter in ["errors_total", "dropped_total"]], [0.0, 0.0])
        contains(server.log.read_text(), "bad response status 500 Internal Server Error: out of order")
    with checks.check("the server stops in time all the same"):
        began = time.time()
        equal(server.stop(), 0)
        assert time.time() - began < 10, f"it took {time.time() - began} s"


KEPT = """alerting:
  alertmanagers:
    - static_configs: [{targets: ['ADDRESS']}]
      timeout: 2s
rule_files: [alerting-rules.yml]
"""
MOVED = """alerting:
  alertmanagers:
    - static_configs: [{targets: ['127.0.0.1:1']}]
    - http_sd_configs: [{url: 'http://TELLER/'}]
      timeout: 3s
rule_files: [alerting-rules.yml]
"""


def kept(programs, checks):
    """An alert that is said only once waits for its Alertmanager, whatever the configuration does."""
    (programs.folder / "alerting-rules.yml").write_text(RULES)
    manager = Real(programs, "kept")
    server = programs.server("kept-ours", KEPT.replace("ADDRESS", manager.address), flags=["--rules.alert.resend-delay=1h"])
    with checks.check("what waits for an Alertmanager outlives a reload after which another discovery finds it"):
        feed_until([server.url], 10, lambda url: of(url, "errors_total", manager.address) > 0, "an error")
        teller = Odd(says(200, json.dumps([{"targets": [manager.address]}]).encode()))
        server.config.write_text(MOVED.replace("TELLER", teller.address))
        equal(http(f"{server.url}/-/reload", data=b"")[0], 200)
        manager.start()
        feed_until([server.url], 10, lambda _: manager.heard("High"), "the alert at the Alertmanager")
        equal(of(server.url, "sent_total", manager.address), 1.0)
        equal(of(server.url, "dropped_total", manager.address), 0.0)


def prometheus(programs, name, config):
    """A Prometheus with this configuration."""
    address = f"127.0.0.1:{free_port()}"
    data_folder = programs.folder / f"{name}-prometheus"
    options = [f"--config.file={config}", f"--storage.tsdb.path={data_folder}", f"--web.listen-address={address}", "--web.enable-lifecycle"]
    programs.start(f"{name}-prometheus", programs.peers / "prometheus", *options)
    wait_until(lambda: is_ready(f"http://{address}"), 30, "the start of Prometheus")
    return f"http://{address}"


def write(programs, name, groups):
    """Puts a target file in its place at once, so that nobody reads half of it."""
    draft = programs.folder / "draft"
    draft.write_text(json.dumps(groups))
    draft.rename(programs.folder / name)


def shown(url):
    """What the API says of Alertmanagers, in order."""
    return {key: sorted(one["url"] for one in found) for key, found in data(url, "alertmanagers").items()}


def active(url):
    return shown(url)["activeAlertmanagers"]


def until_alike(urls, active_count, dropped_count):
    """Until all show so many, and then the same ones. Prometheus is told of changes only every five seconds."""

    def settled():
        counts = [[len(found) for found in shown(url).values()] for url in urls]
        return all(count == [active_count, dropped_count] for count in counts)

    try:
        wait_until(settled, 40, "finding Alertmanagers")
    except AssertionError as error:
        raise AssertionError(f"{error}: {[shown(url) for url in urls]}") from error
    equal(*[shown(url) for url in urls])


def targets(url):
    """Targets with their labels before and after relabelling, in order."""
    found = [[target["discoveredLabels"], target["labels"], target["scrapeUrl"]] for target in data(url, "targets")["activeTargets"]]
    return sorted(found, key=lambda target: json.dumps(target, sort_keys=True))


def samples(url):
    lines = http(f"{url}/metrics")[1].splitlines()
    return [line.rsplit(" ", 1) for line in lines if line and not line.startswith("#")]


def counted(url, name):
    """The sum of a metric over all its labels."""
    return sum(float(value) for series, value in samples(url) if series.split("{")[0] == name)


def of(url, name, address):
    """A metric of notification, of one Alertmanager."""
    found = [float(value) for series, value in samples(url) if series.startswith(f"prometheus_notifications_{name}{{") and f"//{address}/" in series]
    assert found, f"no {name} of {address}"
    return sum(found)


def sizes(url):
    """How many targets each section knows."""
    found = [(series, value) for series, value in samples(url) if series.startswith("prometheus_sd_discovered_targets")]
    return {series.split('config="')[1].split('"')[0]: float(value) for series, value in found}
