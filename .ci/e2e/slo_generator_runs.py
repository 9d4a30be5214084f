"""slo-generator, as PyPI has it, asks Prometheus and our API; it knows only now, so a proxy between says when that is."""

import http.server
import json
import os
import pathlib
import re
import subprocess
import threading

import programs as web
from checks import equal
from slo_world import END

PROGRAM = """
import json, sys
from slo_generator.compute import compute
config, slos, at = json.load(sys.stdin)
json.dump([report for slo in slos for report in compute(slo, config, timestamp=at)], sys.stdout)
"""

CART, FAST = 'http_requests_total{job="shop",route="/cart"%s}', 'request_seconds_bucket{job="shop"}'
GOOD = CART % ',code="200"'
SLOS = {
    "good_bad_ratio": ("shop-cart", 0.997, {"filter_good": GOOD, "filter_valid": CART % ""}),
    "query_sli": ("shop-cart", 0.997, {"expression": f"sum(increase({GOOD}[window])) / sum(increase({CART % ''}[window]))"}),
    "distribution_cut": ("shop-fast", 0.97, {"expression": FAST, "threshold_bucket": "0.25"}),
}
STEPS = [("1 hour", 3600, 9), ("1 day", 86400, 3), ("30 days", 2592000, 1)]


def specs():
    for method, (_, goal, indicator) in SLOS.items():
        yield {
            "apiVersion": "sre.google.com/v2", "kind": "ServiceLevelObjective", "metadata": {"name": method, "labels": {}},
            "spec": {"description": method, "goal": goal, "backend": "prometheus", "method": method, "exporters": [], "service_level_indicator": indicator},
        }


def steps():
    for name, window, threshold in STEPS:
        yield {"name": name, "window": window, "burn_rate_threshold": threshold, "alert": True, "message_alert": "act", "message_ok": "fine"}


class At(http.server.BaseHTTPRequestHandler):
    """Asks the real server, at the end of the window."""

    def do_GET(self):
        path = re.sub(r"\btime=[\d.]+", f"time={END}", self.path)
        status, body = web.http(f"{self.server.behind}{path}")
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


def reports(url):
    proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), At)
    proxy.behind = url
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    config = {
        "backends": {"prometheus": {"url": f"http://127.0.0.1:{proxy.server_port}"}},
        "error_budget_policies": {"default": {"steps": list(steps())}},
        "exporters": {},
    }
    try:
        python = pathlib.Path(os.environ["NARTHEX_CI_CACHE"]) / "slo-generator" / "bin" / "python"
        text = json.dumps([config, list(specs()), END])
        done = subprocess.run([python, "-c", PROGRAM], input=text, capture_output=True, text=True, timeout=120)
    finally:
        proxy.shutdown()
    equal(done.returncode, 0, done.stderr)
    return json.loads(done.stdout)


def compare(programs, ledger, prometheus, narthex):
    theirs, ours = reports(prometheus), reports(narthex)
    equal(len(ours), len(SLOS) * len(STEPS), "the number of reports")
    for their, our in zip(theirs, ours):
        assert our["valid"] and not our["errors"], our
        equal(our, their, "the report of our API")
        method = our["metadata"]["name"]
        slo, goal, _ = SLOS[method]
        bad, total = ledger.window(slo, END, our["window"])
        sli = 1 - bad / total
        print(f"        {method}, {our['error_budget_policy_step_name']}: {our['sli_measurement']:.6f}, burning {our['error_budget_burn_rate']}, alert {our['alert']}; ledger {sli:.6f}")
        # It rounds; and increase() extrapolates, which shows where the window is short.
        assert abs(our["sli_measurement"] - sli) < (2e-4 if our["window"] < 86400 else 1e-5), (our, sli)
        equal(our["gap"] > 0, sli > goal, "whether the promise is kept")
        # A rate of 1.0001 is 1.0 to it, which is not above 1.
        equal(our["error_budget_burn_rate"], round((1 - sli) / (1 - goal), 1), "the burn rate")
        equal(our["alert"], our["error_budget_burn_rate"] > our["error_budget_burn_rate_threshold"], "the alert")
        minutes = our["window"] * (sli - goal) / 60
        assert abs(our["error_budget_remaining_minutes"] - minutes) < 2e-4 * our["window"] / 60, (our, minutes)
