"""SLOs in the running server: ledgers filled from history and kept up, late samples counted, results as series, alerts at a real Alertmanager."""

import json
import time
import urllib.parse

import slo_url
from alertmanager import Real
from checks import contains, equal
from programs import http, wait_until
from remote_write import send, series_of

MINUTE = 60_000
HISTORY = 26 * 60
BURNS_FOR = 30

SPECS = """version: narthex/v1
service: shop
labels: {team: web}
slos:
  - name: availability
    objective: 99
    windows: [1d, 6h]
    errors: shop_requests_total{code="500"}
    total: shop_requests_total
    policies: [google-30d]
  - name: by-code
    objective: 50
    window: 1d
    group_by: [code]
    errors: shop_requests_total{code="500"}
    total: shop_requests_total
  - name: never
    objective: 99
    window: 1d
    errors: nobody_errors_total
    total: nobody_total
"""
NODES = """apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: {name: network, labels: {prometheus: k8s}}
spec:
  target: "99"
  window: 2h
  indicator:
    ratio:
      errors: {metric: node_network_transmit_errs_total}
      total: {metric: node_network_transmit_packets_total}
"""
WRONG = SPECS.replace("objective: 99\n    windows", "objectiv: 99\n    windows")
CONFIG = """alerting:
  alertmanagers:
    - static_configs: [{targets: ['127.0.0.1:PORT']}]
scrape_configs: []
"""


def run(programs, checks):
    specs = programs.folder / "slos"
    specs.mkdir()
    (specs / "shop.yaml").write_text(SPECS)
    (specs / "nodes.yml").write_text(NODES)
    data = programs.folder / "slo-data"
    now = int(time.time() * 1000) // MINUTE * MINUTE
    bad, total = history(programs, data, now)
    manager = Real(programs, "alertmanager").start()
    flags = [f"--slo.files={specs}", "--slo.interval=500ms", "--slo.publish=sloth,pyrra", "--storage.tsdb.out-of-order-time-window=3h", "--web.enable-admin-api"]
    server = programs.server("slo", CONFIG.replace("PORT", str(manager.port)), data=data, flags=flags)
    with checks.check("the history of an SLO is counted at the start, exactly"):
        wait_until(lambda: slos(server) and shop(server)["filled"] == 1 and shop(server)["windows"][0]["total"] > 0, 30, "counting")
        window = shop(server)["windows"][0]
        # The window may have moved by a slice since.
        in_window = [(b, t) for at, b, t in zip(range(HISTORY), bad, total) if HISTORY - at < 1440]
        equal(window["bad"], float(sum(b for b, _ in in_window)))
        assert 0 <= sum(t for _, t in in_window) + 200 - window["total"] <= 400, window["total"]
        equal(shop(server)["state"], "blown")
        equal([one["slo"] for one in slos(server)][0], "shop-availability")
        contains(server.metrics(), 'narthex_slo_ledger_filled_ratio{slo="shop-availability"} 1.0')
    with checks.check("samples that come late are counted"):
        before = shop(server)["windows"][0]["total"]
        late = [(now - (60 - i) * MINUTE, 10.0 + 6 * i) for i in range(10)]
        send(server.url, [series_of({"__name__": "shop_requests_total", "code": "204"}, late)])
        wait_until(lambda: shop(server)["windows"][0]["total"] > before, 20, "counting what came late")
        grew = shop(server)["windows"][0]["total"] - before
        # What was counted when the window moved on is a multiple of what one minute has.
        equal(grew % 100, 54.0)
    with checks.check("results are series, under Sloth's and Pyrra's names as well"):
        state = 'narthex_slo_state{slo="shop-availability",window="1d",state="blown"}'
        equal(server.value(state, time.time()), 1.0)
        remaining = server.value('narthex_slo_budget_remaining{slo="shop-availability",window="1d"}', time.time())
        sloth = server.value('slo:period_error_budget_remaining:ratio{sloth_id="shop-availability"}', time.time())
        assert abs(remaining - sloth) < 1e-9 and remaining < 0, (remaining, sloth)
        assert abs(server.value('narthex_slo_burn_rate{slo="shop-availability",window="5m"}', time.time()) - 50) < 1e-6
        assert server.value('pyrra_availability{slo="network"}', time.time()) > 0
        equal(server.value('count(slo:sli_error:ratio_rate30m)', time.time()), 3.0)
    with checks.check("an alert that burns is known to Alertmanager, and to the API"):
        wait_until(lambda: manager.heard("ErrorBudgetBurn"), 20, "hearing of it")
        heard = {alert["labels"]["policy"] for alert in manager.heard("ErrorBudgetBurn")}
        assert heard, heard
        labels = manager.heard("ErrorBudgetBurn")[0]["labels"]
        equal([labels[name] for name in ("slo", "service", "team")], ["shop-availability", "shop", "web"])
        alerts = server.api("slos/shop-availability/alerts")
        assert any(alert["state"] == "firing" for alert in alerts["alerts"]), alerts
        assert [group for group in server.api("rules")["groups"] if group["name"] == "slo shop-availability"]
    with checks.check("parts, reports, rules, backtests"):
        for part in ["status", "history", "burndown", "burnrate", "windows", "groups", "incidents"]:
            equal(server.api(f"slos/shop-availability/{part}")["slo"], "shop-availability")
        incidents = server.api("slos/shop-availability/incidents")["incidents"]
        equal(len(incidents), 1)
        for form, begin in [("html", "<!doctype"), ("csv", "slo,"), ("json", "{"), ("md", "# "), ("openmetrics", "# "), ("parquet", "PAR1")]:
            status, body = http(f"{server.url}/api/v1/slo/report?format={form}&window=1d,calendar-day&tz=Europe/Berlin")
            equal((status, body[: len(begin)].lower()), (200, begin.lower()))
        status, text = http(f"{server.url}/api/v1/slo/rules?dialect=sloth")
        contains(text, "slo:sli_error:ratio_rate5m")
        (programs.folder / "dialect.yml").write_text(text)
        equal(programs.run(programs.peers / "promtool", "check", "rules", programs.folder / "dialect.yml").returncode, 0)
        tested = server.api("slo/backtest", slo="shop-availability", policy="google-30d")["policies"]
        assert any(one["fired"] for one in tested), tested
        equal(http(f"{server.url}/api/v1/slos/nobody")[0], 404)
        equal(http(f"{server.url}/api/v1/slos?state=fine")[0], 400)
    slo_url.run(programs, checks, server, data, specs, now)
    with checks.check("tables"):
        rows = server.sql("SELECT slo, sum(bad) AS bad FROM narthex.slo_slices GROUP BY slo ORDER BY slo")
        found = {row["slo"]: row["bad"] for row in rows}
        equal(found["shop-availability"], float(sum(bad)))
        states = server.sql("SELECT slo, state FROM narthex.slo_status WHERE slo = 'shop-availability' AND window_name = '1d'")
        equal(states, [{"slo": "shop-availability", "state": "blown"}])
    with checks.check("a mistake is told with its place and changes nothing; another target throws no slice away"):
        (specs / "shop.yaml").write_text(WRONG)
        status, body = http(f"{server.url}/-/reload", data=b"")
        equal(status, 500)
        contains(body, "shop.yaml:6")
        equal(len(slos(server)), 4)
        read = counted(server)
        (specs / "shop.yaml").write_text(SPECS.replace("objective: 99\n    windows", "objective: 60\n    windows"))
        equal(http(f"{server.url}/-/reload", data=b"")[0], 200)
        wait_until(lambda: shop(server)["target"] == 0.6, 20, "the new target")
        wait_until(lambda: not manager.heard("ErrorBudgetBurn") or shop(server)["state"] == "meeting", 20, "another state")
        assert counted(server) - read < 5_000, "history was counted again"
    with checks.check("after a restart nothing is counted anew"):
        server.kill()
        server.start()
        wait_until(lambda: slos(server) and shop(server)["windows"][0]["total"] > 0, 30, "the ledger")
        equal(shop(server)["windows"][0]["bad"], float(sum(b for b, _ in in_window)))
    with checks.check("deleted samples are no longer observed; what a counter counted meanwhile stays"):
        every = "SELECT sum(total) AS total, sum(coverage) AS coverage FROM narthex.slo_slices WHERE slo = 'shop-availability'"
        before = server.sql(every)[0]
        span = {"match[]": 'shop_requests_total{code=~"200|500"}', "start": (now - 600 * MINUTE) // 1000, "end": (now - 540 * MINUTE) // 1000}
        status, body = http(f"{server.url}/api/v1/admin/tsdb/delete_series?{urllib.parse.urlencode(span)}", data=b"")
        equal(status, 204, body)
        wait_until(lambda: server.sql(every)[0]["coverage"] < before["coverage"] - 50, 20, "counting what was deleted")
        equal(server.sql(every)[0]["total"] % 100, before["total"] % 100)
    with checks.check("what was brought in while the server was away is counted"):
        server.stop()
        before = [f'shop_requests_total{{code="206"}} {7 * i} {(now - (300 - i) * MINUTE) // 1000}' for i in range(101)]
        path = programs.folder / "more.om"
        path.write_text("\n".join(["# TYPE shop_requests counter", *before, "# EOF", ""]))
        slices = "SELECT sum(total) AS total FROM narthex.slo_slices WHERE slo = 'shop-availability'"
        done = programs.narthex("import", "openmetrics", path, "--storage.path", data)
        equal(done.returncode, 0, done.stderr)
        server.start()
        wait_until(lambda: server.sql(slices)[0]["total"] == float(sum(total)) + 54 + 700, 20, "counting it")


def history(programs, data, now):
    """A day of a counter, a sample a minute, of which the last half hour is bad, and two hours of nodes. Bad and all by minute."""
    bad = [50 if HISTORY - minute <= BURNS_FOR else 0 for minute in range(HISTORY)]
    total = [100] * HISTORY
    lines = ["# TYPE shop_requests counter"]
    sums = {"200": 0, "500": 0}
    for code in sums:
        for minute in range(HISTORY + 1):
            at = (now - (HISTORY - minute) * MINUTE) // 1000
            lines.append(f'shop_requests_total{{code="{code}"}} {sums[code]} {at}')
            if minute < HISTORY:
                sums[code] += bad[minute] if code == "500" else total[minute] - bad[minute]
    path = programs.folder / "shop.om"
    path.write_text("\n".join([*lines, "# EOF", ""]))
    done = programs.narthex("import", "openmetrics", path, "--storage.path", data)
    equal(done.returncode, 0, done.stderr)
    nodes = programs.folder / "nodes.om"
    start = str((now - 120 * MINUTE) // 1000)
    done = programs.datasets("fleet", "--hosts", "3", "--interval", "60s", "--start", start, "--duration", "2h", "--openmetrics")
    equal(done.returncode, 0, done.stderr)
    nodes.write_text(done.stdout)
    done = programs.narthex("import", "openmetrics", nodes, "--storage.path", data)
    equal(done.returncode, 0, done.stderr)
    return bad, total


def slos(server):
    return server.api("slos")["slos"]


def shop(server):
    return next(one for one in slos(server) if one["slo"] == "shop-availability")


def counted(server):
    lines = server.metrics().splitlines()
    return float(next(line for line in lines if line.startswith("narthex_slo_samples_read_total")).split()[-1])
