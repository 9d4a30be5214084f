"""The cases of server/tests/alert_generator/cases.json: rules, samples, and what must be seen of alerts at each evaluation.

Times there are ticks: a sample of each series comes at every tick, an evaluation of each group at every second one, whenever that is
within the two. What happens at a tick is seen at the first evaluation at or after it. Nothing here asks for the time."""

import json
import pathlib
import re

TABLE = json.loads((pathlib.Path(__file__).parents[2] / "server/tests/alert_generator/cases.json").read_text())
SECONDS = {"s": 1, "m": 60}


class Scale:
    """The table with ticks of some length, in milliseconds."""

    def __init__(self, tick_seconds):
        self.tick = round(tick_seconds * 1000)
        self.interval = 2 * self.tick
        self.is_real = tick_seconds == TABLE["tick"]

    def duration(self, text):
        """`6m` as milliseconds of this scale."""
        number, unit = re.fullmatch(r"(\d+)([sm])", text).groups()
        return int(number) * SECONDS[unit] * self.tick // TABLE["tick"]

    def groups(self):
        """The groups of a rule file."""

        def scaled(of):
            return {key: f"{self.duration(value)}ms" if key in ("interval", "for") else value for key, value in of.items()}

        groups = [case["group"] for case in TABLE["cases"]]
        return [scaled(group) | {"rules": [scaled(rule) for rule in group["rules"]]} for group in groups]

    def flags(self):
        """How long an alert is not sent again, and how far a query looks back."""
        return [f"--rules.alert.resend-delay={self.duration('1m')}ms", f"--query.lookback-delta={self.duration('5m')}ms"]


def samples():
    """The labels of each series, and its values by tick."""
    series = []
    for line in (line for case in TABLE["cases"] for line in case["series"]):
        name, labels, values = re.fullmatch(r"(\w+)\{(.*)\} (.*)", line).groups()
        all_labels = {"__name__": name} | dict(re.findall(r'(\w+)="([^"]*)"', labels))
        series.append((all_labels, [value for run in values.split() for value in repeated(run)]))
    return series


def repeated(run):
    """`11x12` is a value and twelve more of it."""
    value, _, more = run.partition("x")
    return [float(value)] * (1 + int(more or 0))


class Expected:
    """What must be seen of a case, if its samples began at `zero`, and an evaluation was at `slot`; times in milliseconds."""

    def __init__(self, case, scale, zero, slot):
        self.case, self.scale, self.zero = case, scale, zero
        self.phase = (slot - zero) % scale.interval

    def seen(self, tick):
        """The first evaluation at or after a tick."""
        behind = tick * self.scale.tick - self.phase
        return self.zero + self.phase - (-behind // self.scale.interval) * self.scale.interval

    def evaluations(self, begin, end):
        """All evaluations in a span of time, its end included."""
        interval = self.scale.interval
        first = begin + (self.zero + self.phase - begin) % interval
        return range(first, end + 1, interval)

    def active(self, at):
        """The alerts that are pending or firing after the evaluation at `at`."""
        found = []
        for alert in self.case["alerts"]:
            for life in alert["lives"]:
                if self.seen(life["active"]) <= at < self.seen(life["ends"]):
                    fires = life["fires"] is not None and at >= self.seen(life["fires"])
                    says = self.said(life, at)
                    found.append({
                        "labels": alert["labels"], "annotations": says["annotations"], "value": float(says["value"]),
                        "state": "firing" if fires else "pending", "activeAt": self.seen(life["active"]),
                    })
        return found

    def said(self, life, at):
        """Value and annotations after the evaluation at `at`."""
        return [says for says in life["says"] if self.seen(says["from"]) <= at][-1]

    def series(self, end):
        """The samples of ALERTS and ALERTS_FOR_STATE up to `end`: labels to points."""
        series = {}
        for at in self.evaluations(self.zero, end):
            for alert in self.active(at):
                state = alert["labels"] | {"__name__": "ALERTS", "alertstate": alert["state"]}
                since = alert["labels"] | {"__name__": "ALERTS_FOR_STATE"}
                for labels, value in [(state, 1.0), (since, float(alert["activeAt"] // 1000))]:
                    series.setdefault(tuple(sorted(labels.items())), []).append((at, value))
        return series

    def told(self, alert, end):
        """What an Alertmanager hears of an alert up to `end`: when, and what."""
        resent, valid = TABLE["resent_after"] * self.scale.tick, TABLE["valid_for"] * self.scale.tick
        lives = [life for life in alert["lives"] if life["fires"] is not None]
        told = []
        for life, later in zip(lives, [*lives[1:], None]):
            starts, ends = self.seen(life["fires"]), self.seen(life["ends"])
            until = self.seen(later["active"]) - 1 if later else end
            # How long an end is told is not a setting: in short time it is told to the last.
            if self.scale.is_real:
                until = min(until, ends + TABLE["told_for"] * self.scale.tick)
            firing = [(at, at + valid) for at in range(starts, min(ends, end + 1), resent)]
            resolved = [(at, ends) for at in range(ends, min(until, end) + 1, resent)]
            for at, ends_at in firing + resolved:
                told.append((at, {"annotations": self.said(life, min(at, ends - 1))["annotations"], "startsAt": starts, "endsAt": ends_at}))
        return told
