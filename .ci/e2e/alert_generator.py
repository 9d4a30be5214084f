"""The cases that the alert generator suite of prometheus/compliance has, in a table of ours, against our server and Prometheus side by side.

Both get the same samples by remote write, tell a receiver of their alerts, and are asked at every interval for alerts, rules and ALERTS. So the
table itself cannot be wrong about what Prometheus does. Time runs faster than in the suite; NARTHEX_ALERT_SECONDS=15 is its own pace, 40 minutes.

Samples arrive when they are due in real time, and two seconds ahead in short time, where a busy machine would else decide what an
evaluation sees. Expectations are to the millisecond of evaluations; only what is seen by the clock on the wall may be LATE."""

import datetime
import json
import os
import threading
import time
from urllib.parse import urlencode, urlsplit

from alert_cases import TABLE, Expected, Scale, samples
from alertmanager import Odd, says
from checks import equal
from programs import points_of, stop_all, wait_until
from remote_write import send, series_of
from rules import data, instant_of, start_prometheus
from rules_live import total, turns_missed

TICK = float(os.environ.get("NARTHEX_ALERT_SECONDS", "0.4"))
# The longest case ends before this tick.
TICKS = 152
# How late answers and messages may be, in milliseconds. The suite allows 40 s.
LATE = 3000
# How early samples come in short time.
AHEAD = 2000
# A machine that is too slow for a turn of a group says nothing about alerts: once more, at half the pace.
SCALES = [Scale(TICK)] if Scale(TICK).is_real else [Scale(TICK * slower) for slower in (1, 2, 4)]
SECONDS = sum((TICKS + 8) * scale.tick // 1000 for scale in SCALES)


def run(programs, checks):
    for scale in SCALES:
        watched, zero, end = play(programs, scale)
        missed = [turns_missed(one.url) for one in watched]
        if not any(missed) or scale is SCALES[-1]:
            break
        print(f"        turns that there was no time for: {missed}", flush=True)
        stop_all()
    with checks.check("no turn was missed, no rule failed"):
        equal(missed, [0, 0])
        equal([total(one.url, "prometheus_rule_evaluation_failures_total") for one in watched], [0, 0])
    for one in watched:
        one.check(checks, zero, end)


def play(programs, scale):
    """Both, watched from the first sample to the last: when these were."""
    (programs.folder / "alert-cases.yml").write_text(json.dumps({"groups": scale.groups()}))
    watched = [Watched(name, programs, scale) for name in ["Prometheus", "ours"]]
    ahead = 0 if scale.is_real else AHEAD
    zero = good_start(watched[0], ahead)
    end = zero + TICKS * scale.tick
    threading.Thread(target=feed, args=(watched, zero, ahead), daemon=True).start()
    while now() < end + LATE:
        time.sleep(scale.interval / 1000)
        for one in watched:
            one.look()
    return watched, zero, end


def feed(watched, zero, ahead):
    """Samples, tick by tick."""
    series = samples()
    for tick in range(TICKS):
        at = zero + tick * watched[0].scale.tick
        time.sleep(max(0, at - ahead - now()) / 1000)
        batch = [series_of(labels, [(at, values[tick])]) for labels, values in series if tick < len(values)]
        for one in watched:
            send(one.url, batch)


def good_start(watched, ahead):
    """A time to begin at, when all groups are on their way, such that no sample comes just when a group is evaluated."""
    tick, seen = watched.scale.tick, {}

    def look():
        time.sleep(tick / 8000)
        for group in data(watched.url, "rules")["groups"]:
            if not group["lastEvaluation"].startswith("0001"):
                seen.setdefault(group["name"], set()).add(ms(group["lastEvaluation"]))
        return len(seen) == len(TABLE["cases"]) and all(len(times) > 3 for times in seen.values())

    wait_until(look, 30 + tick / 100, "four evaluations of each group")
    phases = [min(times, key=lambda at: at % tick) % tick for times in seen.values()]

    def room(start):
        return min(min(away, tick - away) for away in ((phase - start) % tick for phase in phases))

    first = now() + ahead + 500
    return max(range(first, first + tick, tick // 100), key=room)


class Watched:
    """A server that evaluates the rules, and all that is seen of it."""

    def __init__(self, name, programs, scale):
        self.name, self.scale, self.heard_at = name, scale, []
        self.receiver = Odd(self.hear)
        config = f"rule_files: [alert-cases.yml]\nalerting: {{alertmanagers: [{{static_configs: [{{targets: ['{self.receiver.address}']}}]}}]}}\n"
        if name == "ours":
            self.url = programs.server(f"of-cases-ours-{scale.tick}", config, flags=scale.flags()).url
        else:
            path = programs.folder / f"of-cases-prometheus-{scale.tick}.yml"
            path.write_text(config)
            self.url = start_prometheus(programs, f"of-cases-prometheus-{scale.tick}", path, scale.flags())
        self.looks = []
        self.lag = 0

    def hear(self, handler):
        self.heard_at.append(now())
        says(200)(handler)

    def look(self):
        """What the API says now, to be judged later."""
        for path in ["alerts", "rules", "query"]:
            asked = now()
            found = data(self.url, f"query?{urlencode({'query': 'ALERTS', 'time': asked / 1000})}" if path == "query" else path)
            self.looks.append((path, asked, now(), found))

    def check(self, checks, zero, end):
        self.cases = self.expected(zero, end)
        with checks.check(f"{self.name}: ALERTS and ALERTS_FOR_STATE have the samples of the table, to the millisecond"):
            want = {labels: points for case in self.cases for labels, points in case.series(end).items()}
            equal(self.stored(zero, end), want)
        for path, judge in [("alerts", self.judge_alerts), ("rules", self.judge_rules), ("query", self.judge_query)]:
            looks = [look for look in self.looks if look[0] == path and look[1] > zero + 2 * self.scale.interval]
            with checks.check(f"{self.name}: {path} at {len(looks)} times"):
                for _, asked, answered, found in looks:
                    judge(asked, answered, found)
        heard = self.heard()
        with checks.check(f"{self.name}: {sum(map(len, heard.values()))} alerts heard, each when it is due and no other"):
            self.judge_heard(heard, end)
        print(f"        the latest was heard {self.lag} ms after the time it was evaluated for")

    def stored(self, zero, end):
        query = f'{{__name__=~"ALERTS|ALERTS_FOR_STATE"}}[{end - zero}ms]'
        return points_of(data(self.url, f"query?{urlencode({'query': query, 'time': end / 1000})}"))

    def expected(self, zero, end):
        """The expectations, with the evaluations as they have been: they are seen in the times of samples."""
        stored = self.stored(zero, end)
        of_case = {case["group"]["name"]: case for case in TABLE["cases"]}
        slots = {dict(labels)["case"]: points[0][0] for labels, points in stored.items()}
        equal(sorted(slots), sorted(of_case), "the cases with alerts")
        return [Expected(case, self.scale, zero, slots[name]) for name, case in of_case.items()]

    def possible(self, case, asked, answered, of):
        """What may be said of the alerts that `of` chooses, by someone who may be late and may have been evaluating."""
        times = case.evaluations(asked - LATE - self.scale.interval, answered)
        return [ordered(alert for alert in case.active(at) if of(alert["labels"])) for at in times]

    def judge_alerts(self, asked, answered, found):
        self.judge_by_rule(asked, answered, [alert_of(alert) for alert in found["alerts"]])

    def judge_by_rule(self, asked, answered, found):
        names = {rule["alert"]: case for case in self.cases for rule in case.case["group"]["rules"]}
        equal({alert["labels"]["alertname"] for alert in found} - set(names), set(), "other alerts")
        for name, case in names.items():
            got = ordered(alert for alert in found if alert["labels"]["alertname"] == name)
            one_of(got, self.possible(case, asked, answered, lambda labels, name=name: labels["alertname"] == name))

    def judge_rules(self, asked, answered, found):
        groups = {group["name"]: group for group in found["groups"]}
        equal(sorted(groups), sorted(case.case["group"]["name"] for case in self.cases))
        for spec in self.scale.groups():
            group = groups[spec["name"]]
            equal(group["interval"], self.scale.interval / 1000)
            equal([rule["name"] for rule in group["rules"]], [rule["alert"] for rule in spec["rules"]], "the order of rules")
            for rule, wanted in zip(group["rules"], spec["rules"]):
                for evaluated in (group, rule):
                    since = asked - ms(evaluated["lastEvaluation"])
                    assert since < self.scale.interval + LATE, f"{rule['name']} was evaluated {since} ms ago"
                self.judge_rule(rule, wanted)
        self.judge_by_rule(asked, answered, [alert_of(alert) for group in found["groups"] for rule in group["rules"] for alert in rule["alerts"]])

    def judge_rule(self, rule, wanted):
        states = [alert["state"] for alert in rule["alerts"]]
        state = next((state for state in ["firing", "pending"] if state in states), "inactive")
        got = [rule.get(key) for key in ["type", "health", "lastError", "state", "query", "duration", "labels", "annotations"]]
        hold = int(wanted.get("for", "0ms").removesuffix("ms")) / 1000
        equal(got, ["alerting", "ok", None, state, wanted["expr"], hold, wanted["labels"], wanted["annotations"]])

    def judge_query(self, asked, answered, found):
        for series in found["result"]:
            equal([round(series["value"][0] * 1000), series["value"][1]], [asked, "1"])
        got = [series["metric"] for series in found["result"]]
        for case in self.cases:
            for rule in case.case["group"]["rules"]:
                name = rule["alert"]
                possible = self.possible(case, asked, answered, lambda labels, name=name: labels["alertname"] == name)
                series = [[alert["labels"] | {"__name__": "ALERTS", "alertstate": alert["state"]} for alert in alerts] for alerts in possible]
                one_of(ordered(s for s in got if s["alertname"] == name), list(map(ordered, series)))

    def heard(self):
        """What the receiver heard, by labels: when, and what."""
        heard = {}
        for at, (path, _, body) in zip(self.heard_at, self.receiver.requests):
            equal(path, "/api/v2/alerts")
            for alert in json.loads(body):
                link = urlsplit(alert.pop("generatorURL"))
                assert link.scheme == "http" and link.netloc and link.path == "/graph", link
                labels = tuple(sorted(alert.pop("labels").items()))
                heard.setdefault(labels, []).append((at, alert | {key: ms(alert[key]) for key in ["startsAt", "endsAt"]}))
        return heard

    def judge_heard(self, heard, end):
        alerts = {tuple(sorted(alert["labels"].items())): (case, alert) for case in self.cases for alert in case.case["alerts"]}
        equal(set(heard) - set(alerts), set(), "other alerts")
        for labels, (case, alert) in alerts.items():
            got = [(at, what) for at, what in heard.get(labels, []) if at <= end + LATE]
            # Those of evaluations after the end may have been heard by then, or not.
            due = sum(at <= end for at, _ in case.told(alert, end))
            want = case.told(alert, end + LATE)[: max(due, len(got))]
            equal([what for _, what in got], [what for _, what in want], f"what was heard of {dict(labels)}")
            for (at, _), (evaluated, _) in zip(got, want):
                self.lag = max(self.lag, at - evaluated)
                assert -2 <= at - evaluated <= LATE, f"{dict(labels)} of {evaluated} was heard at {at}"


def alert_of(alert):
    return alert | {"value": float(alert["value"]), "activeAt": ms(alert["activeAt"])}


def ordered(found):
    return sorted(found, key=lambda one: json.dumps(one, sort_keys=True))


def one_of(got, possible):
    assert got in possible, f"{got} is none of {possible}"


def ms(text):
    """A time of the API as milliseconds; what Prometheus has below them does not count, as in its samples."""
    return (instant_of(text) - datetime.datetime.fromtimestamp(0, datetime.timezone.utc)) // datetime.timedelta(milliseconds=1)


def now():
    return round(time.time() * 1000)
