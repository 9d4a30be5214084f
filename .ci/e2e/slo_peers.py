"""SLOs beside those who approximate them: Sloth's and Pyrra's rules in Prometheus, and the ledger counted once more by hand."""

import json
import math
import operator
import re
import urllib.parse

import duckdb

import slo_count
import slo_generator_runs
import slo_world
from checks import equal
from prometheus_folder import CONFIG, Prometheus
from programs import http
from slo_world import END, WINDOW, at

SELECTOR = 'http_requests_total{{job="shop",route="{route}"{more}}}'
ERRORS, ALL = SELECTOR.replace("{more}", ',code=~"5.."'), SELECTOR.replace("{more}", "")
ROUTES = {"cart": ("/cart", 99.7), "pay": ("/pay", 99.995)}

# One block of all samples.
ONE_BLOCK = ["--storage.tsdb.min-block-duration=60d", "--storage.tsdb.max-block-duration=60d"]

# Each instant and window is there for a reason, which docs/slo/comparison.md tells.
INSTANTS = [
    ("a campaign begins", "/cart", at(9, 9, 2), ["5m", "1h"]),
    ("an incident begins", "/cart", at(12, 14, 8), ["5m", "30m", "1h", "6h"]),
    ("the scrape after a gap", "/cart", at(15, 12, 3), ["5m", "1h", "6h", "1d"]),
    ("an hour after a restart", "/cart", at(23, 11, 5), ["1h", "6h"]),
    ("the night of an incident", "/cart", at(20, 5), ["1h", "1d", "3d"]),
    ("an error of the rare route", "/pay", at(19, 20, 5), ["1h", "1d", "3d"]),
]


def sloth():
    slos = [
        {"name": name, "objective": target, "alerting": {"page_alert": {"disable": True}, "ticket_alert": {"disable": True}}, "sli": {"events": {
            "error_query": f"sum(rate({ERRORS.format(route=route)}[{{{{.window}}}}]))",
            "total_query": f"sum(rate({ALL.format(route=route)}[{{{{.window}}}}]))",
        }}}
        for name, (route, target) in ROUTES.items()
    ]
    return json.dumps({"version": "prometheus/v1", "service": "shop", "slos": slos})


def pyrra():
    documents = [
        {"apiVersion": "pyrra.dev/v1alpha1", "kind": "ServiceLevelObjective", "metadata": {"name": name}, "spec": {
            "target": str(target), "window": "30d", "alerting": {"absent": False},
            "indicator": {"ratio": {"errors": {"metric": ERRORS.format(route=route)}, "total": {"metric": ALL.format(route=route)}}},
        }}
        for name, (route, target) in ROUTES.items()
    ]
    return "\n---\n".join(map(json.dumps, documents))


OWN = """
service: shop
window: 30d
slos:
- {name: routes, objective: 99.9, errors: 'http_requests_total{job="shop",code=~"5.."}', total: 'http_requests_total{job="shop"}', group_by: [route]}
- {name: fast, objective: 97, latency: {buckets: 'request_seconds_bucket{job="shop"}', threshold: 250ms}}
- {name: between, objective: 98, latency: {buckets: 'request_seconds_bucket{job="shop"}', threshold: 500ms}}
"""


def run(programs, checks):
    world, served = slo_world.world()
    blocks = stored(programs, world)
    data, specs = filled(programs, blocks)
    ledger = Ledger(data)
    with checks.check("each slice of the ledger is what a plain count of the samples gives"):
        counted_by_hand(world, ledger)
    with checks.check("a window is what was served, but for what a crash took with it"):
        as_served(served, ledger)
    text = CONFIG + "global: {evaluation_interval: 1000h}\nrule_files:\n" + "".join(f"- {each}\n" for each in rule_files(programs, specs))
    prometheus = Prometheus(programs.peers / "prometheus", blocks, text=text)
    try:
        recorded = Recorded(prometheus)
        with checks.check("Sloth's mean of ratios is another number: here it is kept, and by events it is broken"):
            means_of_ratios(ledger, recorded)
        with checks.check("Pyrra's increase misses the first errors of counters that begin, and nothing else"):
            lost_births(world, ledger, recorded)
        with checks.check("windows short and long, where something happens"):
            print_table(at_instants(ledger, recorded))
        server = programs.server("slo", data=data)
        with checks.check("slo-generator says the same of our API and of Prometheus, and of the ledger what it can say"):
            slo_generator_runs.compare(programs, ledger, prometheus.url, server.url)
        equal(server.stop(), 0, "the exit code")
    finally:
        prometheus.stop()


def filled(programs, blocks):
    """A data folder with ledgers, and the specs."""
    specs = {}
    for name, text in {"sloth": sloth(), "pyrra": pyrra(), "own": OWN}.items():
        specs[name] = programs.folder / f"slo-{name}.yaml"
        specs[name].write_text(text)
    data = programs.folder / "slo-data"
    done = programs.narthex("import", "prometheus", blocks, "--storage.path", data, timeout=300)
    equal(done.returncode, 0, done.stderr)
    done = programs.narthex("slo", "fill", "-f", specs["sloth"], specs["own"], "--storage.path", data, timeout=300)
    equal(done.returncode, 0, done.stderr)
    return data, specs


def rule_files(programs, specs):
    for dialect in ("sloth", "pyrra", "native"):
        done = programs.narthex("slo", "rules", "-f", specs["pyrra" if dialect == "pyrra" else "sloth"], "--dialect", dialect)
        equal(done.returncode, 0, done.stderr)
        path = programs.folder / f"slo-rules-{dialect}.yml"
        path.write_text(done.stdout)
        yield path


def stored(programs, world):
    """The world as a block of Prometheus."""
    folder = programs.folder / "slo-world"
    prometheus = Prometheus(programs.peers / "prometheus", folder, ONE_BLOCK)
    try:
        slo_world.send(world, prometheus.url)
        status, body = http(f"{prometheus.url}/api/v1/admin/tsdb/snapshot", data=b"")
        equal(status, 200, body)
    finally:
        prometheus.stop()
    return folder / "snapshots" / json.loads(body)["data"]["name"]


class Ledger:
    """What any reader of Parquet reads."""

    def __init__(self, data):
        self.folder = data / "slo"

    def rows(self, slo, columns, where="true"):
        files = self.folder / slo / "*" / "*.parquet"
        return duckdb.sql(f"SELECT {columns} FROM read_parquet('{files}') WHERE {where}").fetchall()

    def slices(self, slo, column, group="{}"):
        rows = self.rows(slo, f"epoch_ms(slice_start), {column}", f"\"group\" = '{group}'")
        return dict(rows)

    def window(self, slo, end, seconds):
        """Bad and all events."""
        where = f"epoch_ms(slice_start) >= {(end - seconds) * 1000} AND epoch_ms(slice_start) < {end * 1000}"
        return self.rows(slo, "sum(bad), sum(total)", where)[0]


def counted_by_hand(world, ledger):
    requests = {"__name__": "http_requests_total"}
    for name, (route, _) in ROUTES.items():
        bad, total = slo_count.count(world, **requests, route=route, code="500"), slo_count.count(world, **requests, route=route)
        for slo, group in [(f"shop-{name}", "{}"), ("shop-routes", json.dumps({"route": route}, separators=(",", ":")))]:
            same(ledger.slices(slo, "bad", group), bad.slices, f"bad of {slo}")
            same(ledger.slices(slo, "total", group), total.slices, f"total of {slo}")
    below = {le: slo_count.count(world, __name__="request_seconds_bucket", le=le).slices for le in slo_world.BUCKETS}
    same(ledger.slices("shop-fast", "good"), below["0.25"], "fast")
    same(ledger.slices("shop-between", "total"), below["+Inf"], "all")
    same(ledger.slices("shop-between", "good_low"), below["0.25"], "surely fast")
    same(ledger.slices("shop-between", "good_high"), below["1"], "possibly fast")
    third = {at: low + (below["1"][at] - low) / 3 for at, low in below["0.25"].items()}
    same(ledger.slices("shop-between", "good"), third, "between")


def same(ours, by_hand, what):
    """Slices of which nothing is known have no row, or zeros. The last one may not be over."""
    times = sorted(set(ours) | set(by_hand))
    assert len(ours) > 44_000, f"{len(ours)} slices of {what}"
    newest = max(ours)
    wrong = [(t, ours.get(t, 0), by_hand.get(t, 0)) for t in times if t <= newest and abs(ours.get(t, 0) - by_hand.get(t, 0)) > 1e-9]
    assert not wrong, f"{len(wrong)} slices of {what}: {wrong[:5]}"


def as_served(served, ledger):
    for name, (route, _) in ROUTES.items():
        bad, total = ledger.window(f"shop-{name}", END, WINDOW)
        of = [(b, n) for t, r, b, n in served if r == route and END - WINDOW <= t < END]
        equal(bad, sum(b for b, _ in of), f"the errors of {name}")
        share = total / sum(n for _, n in of)
        assert 0.9998 < share < 1, f"{share} of {name}"


class Recorded:
    """Prometheus, and the expressions of Sloth's, Pyrra's and our own rules as it reads them."""

    def __init__(self, prometheus):
        self.url = prometheus.url
        groups = self.get("rules")["groups"]
        self.rules = {(group["name"], rule["name"]): rule["query"] for group in groups for rule in group["rules"]}

    def get(self, path, **params):
        status, body = http(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(params)}")
        equal(status, 200, body[:400])
        return json.loads(body)["data"]

    def query(self, query, time):
        """The only value, or nothing."""
        result = self.get("query", query=query, time=time)["result"]
        assert len(result) <= 1, f"{query}: {result}"
        return float(result[0]["value"][1]) if result else None

    def sloth(self, slo, window, time):
        """What Sloth's rule records. Over the whole window it reads what that of 5 minutes has recorded each minute."""
        group = f"sloth-slo-sli-recordings-shop-{slo}"
        query = self.rules[group, f"slo:sli_error:ratio_rate{window}"]
        if window == "30d":
            query = inlined(query, "slo:sli_error:ratio_rate5m", self.rules[group, "slo:sli_error:ratio_rate5m"])
        return self.query(query, time)

    def native(self, slo, time):
        query = self.rules[f"slo-shop-{slo}", "slo:error_ratio:window"]
        for name in ("slo:events:rate5m", "slo:errors:rate5m"):
            query = inlined(query, name, self.rules[f"slo-shop-{slo}", name])
        return self.query(query, time)

    def pyrra(self, slo, time):
        """Bad and all events of the whole window."""
        query = self.rules[f"{slo}-increase", "http_requests:increase30d"]
        bad = query.replace("{", '{code=~"5..",', 1)
        return [self.query(f"sum({of})", time) or 0.0 for of in (bad, query)]


def inlined(query, name, recorded):
    """A rule that reads what another records, as one query: the other each minute."""
    return re.sub(re.escape(name) + r"\{.*?\}\[(\w+)\]", lambda found: f"({recorded})[{found[1]}:1m]", query)


def means_of_ratios(ledger, recorded):
    budget = 1 - ROUTES["cart"][1] / 100
    bad, total = ledger.window("shop-cart", END, WINDOW)
    sloth, events = recorded.sloth("cart", "30d", END), recorded.native("cart", END)
    print(f"        cart: {bad / total:.6%} of events failed; weighed by rates {events:.6%}, Sloth {sloth:.6%}, of {budget:.1%}")
    assert sloth < budget < bad / total, (sloth, bad / total)
    # The same method on our slices gives its number.
    bads, totals = ledger.slices("shop-cart", "bad"), ledger.slices("shop-cart", "total")
    ratios = []
    for minute in range((END - WINDOW) * 1000, END * 1000, 60_000):
        five = range(minute - 240_000, minute + 60_000, 60_000)
        ratios.append(sum(bads.get(t, 0) for t in five) / sum(totals.get(t, 0) for t in five))
    ours = sum(ratios) / len(ratios)
    assert abs(ours / sloth - 1) < 0.02, (ours, sloth)
    # And events weighed by their number come near, though rates of 5 minutes see nothing of a gap.
    assert abs(events / (bad / total) - 1) < 0.01, events
    # One minute in which nothing came in is enough.
    assert math.isnan(recorded.sloth("pay", "30d", END))
    print("        pay: Sloth NaN, for there were minutes without requests; ours {:.6%}".format(operator.truediv(*ledger.window("shop-pay", END, WINDOW))))


def lost_births(world, ledger, recorded):
    for name, (route, _) in ROUTES.items():
        bad, total = ledger.window(f"shop-{name}", END, WINDOW)
        errors = slo_count.count(world, __name__="http_requests_total", route=route, code="500")
        unseen = sum(value for t, value in errors.unseen if END - WINDOW < t / 1000 <= END)
        their_bad, their_total = recorded.pyrra(name, END)
        print(f"        {name}: {bad:.0f} errors of {total:.0f}; Pyrra {their_bad:.3f} of {their_total:.3f}; which does not see {unseen:.0f}")
        # What is left is what is extrapolated to the edges of the window, and what lies between them and the nearest samples.
        assert abs(their_bad + unseen - bad) < 1e-3 * bad + 1e-3, (their_bad, unseen, bad)
        assert abs(their_total + unseen - total) < 2e-4 * total, (their_total, unseen, total)


def at_instants(ledger, recorded):
    for what, route, minute, windows in INSTANTS:
        name = next(name for name, of in ROUTES.items() if of[0] == route)
        time = slo_world.START + minute * 60
        for window in windows:
            bad, total = ledger.window(f"shop-{name}", time, seconds(window))
            ratio = recorded.sloth(name, window, time)
            yield what, window, f"{bad:.2f} / {total:.2f}", f"{bad / total:.4%}", "-" if ratio is None else f"{ratio:.4%}"


def print_table(rows):
    for row in rows:
        print("        " + " | ".join(row))


def seconds(window):
    return int(window[:-1]) * {"m": 60, "h": 3600, "d": 86400}[window[-1]]
