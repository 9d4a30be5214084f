"""A seeded shop, a month long: campaigns, incidents by day and by night, restarts, an outage, a gap, errors that come one by one."""

import random
import struct

import remote_write
from sampled import STALE, START

STEP = 60
DAYS = 31
# The window that all is about is the last 30 days; a little is known after it, too.
END = START + 31 * 86400
WINDOW = 30 * 86400
MINUTES = DAYS * 1440 + 10

LEVELS = {"/cart": 30, "/pay": 2}
BUCKETS = {"0.1": 0.8, "0.25": 0.97, "1": 0.998, "+Inf": 1.0}
# How late in the minute each is scraped, in milliseconds.
LATE = {"a:80": 3200, "b:80": 21700, "c:80": 44900}


def at(day, hour, minute=0):
    return (day * 24 + hour) * 60 + minute


# From which minute to which: how much more traffic, and which fraction of it fails where.
CAMPAIGNS = [(at(day, hour), at(day, hour) + length) for day, hour, length in
             [(2, 11, 40), (6, 18, 30), (9, 9, 60), (12, 14, 45), (17, 20, 30), (22, 12, 50), (26, 16, 40), (29, 10, 30)]]
INCIDENTS = [
    (at(12, 14, 5), at(12, 14, 40), 0.08, "abc"),
    (at(20, 1), at(20, 5), 0.3, "abc"),
    (at(15, 10), at(15, 11), 0.05, "b"),
    (at(27, 13, 20), at(27, 13, 50), 0.02, "abc"),
]
RESTARTS = {"a:80": [at(3, 10, 12), at(9, 15), at(16, 11, 30), at(23, 10, 5)], "b:80": [at(5, 9, 9), at(13, 10), at(24, 16, 40)], "c:80": [at(4, 8), at(18, 3, 25), at(25, 9)]}
# Not scraped, though it served; and away, because it was broken, up to a restart.
GAPS = {"b:80": range(at(15, 9), at(15, 12)), "c:80": range(at(18, 3), at(18, 3, 25))}
# Errors of the rare route, one each.
RARE = {"a:80": [at(8, 4), at(11, 7), at(19, 20), at(23, 22)], "b:80": [at(10, 13), at(13, 18), at(14, 5), at(28, 1)], "c:80": [at(21, 6), at(25, 21)]}


def world(seed=7):
    """Series: labels to samples, `(t, value)` in milliseconds, stale markers where a scrape lacks a series; and what was served:
    time, route, errors, all."""
    out, served = {}, []
    for instance, late in LATE.items():
        target = Target(random.Random(f"{seed}{instance}"), instance)
        absent = set()
        for minute in range(MINUTES):
            target.serve(minute)
            seen = minute not in GAPS.get(instance, ())
            t = (START + minute * STEP) * 1000 + late
            scraped = target.counters if seen else {}
            for key, value in [*scraped.items(), (("up",), float(seen))]:
                out.setdefault((key, instance), []).append((t, float(value)))
            present = set(scraped)
            for key in absent - present:
                out[(key, instance)].append((t, STALE))
            absent = present
        served += target.served
    return {labels_of(key, instance): samples for (key, instance), samples in out.items()}, served


class Target:
    """What a process counts. A counter of errors is not there before the first."""

    def __init__(self, rng, instance):
        self.rng, self.instance, self.served = rng, instance, []
        self.restart()

    def restart(self):
        self.counters = {("http_requests_total", ("route", route), ("code", "200")): 0 for route in LEVELS}
        if self.instance != "c:80":
            self.counters |= {(f"request_seconds_bucket", ("le", le)): 0 for le in BUCKETS} | {("request_seconds_count",): 0}

    def serve(self, minute):
        if minute in RESTARTS[self.instance]:
            self.restart()
        for route, level in LEVELS.items():
            day = 1 - abs(minute % 1440 - 840) / 840
            campaign = 40 if route == "/cart" and any(a <= minute < b for a, b in CAMPAIGNS) else 1
            count = self.part(level * (0.1 + max(day, 0)) * campaign * (0.7 + 0.6 * self.rng.random()))
            if route == "/pay" and minute in RARE[self.instance]:
                count += 1
            bad = self.errors(route, minute, count)
            self.served.append((START + minute * STEP, route, bad, count))
            self.count(("http_requests_total", ("route", route), ("code", "200")), count - bad)
            if bad:
                self.count(("http_requests_total", ("route", route), ("code", "500")), bad)
            if route == "/cart" and ("request_seconds_count",) in self.counters:
                fast = [self.part(count * fraction) for fraction in BUCKETS.values()]
                for le, value in zip(BUCKETS, fast):
                    self.count(("request_seconds_bucket", ("le", le)), value)
                self.count(("request_seconds_count",), fast[-1])

    def errors(self, route, minute, count):
        if route == "/pay":
            return int(minute in RARE[self.instance])
        fails = [rate for a, b, rate, where in INCIDENTS if a <= minute < b and self.instance[0] in where]
        return self.part(count * max([0.0002, *fails]))

    def count(self, key, more):
        self.counters[key] = self.counters.get(key, 0) + more

    def part(self, value):
        """A whole number that is `value` in the mean."""
        return int(value) + (self.rng.random() < value % 1)


def labels_of(key, instance):
    return (("__name__", key[0]), ("instance", instance), ("job", "shop"), *sorted(key[1:]))


def send(series, url):
    """Writes all samples, half a day each time."""
    half_day = 43200_000
    parts = {}
    for labels, samples in series.items():
        for t, value in samples:
            parts.setdefault(t // half_day, {}).setdefault(labels, []).append((t, value))
    for _, part in sorted(parts.items()):
        remote_write.send(url, [encoded(labels, samples) for labels, samples in part.items()])


def encoded(labels, samples):
    """As `remote_write.series_of`, but quick: times have six bytes until 2109."""
    body = remote_write.labels_of(dict(labels))
    body += b"".join(b"\x12\x10\x09" + struct.pack("<d", value) + b"\x10" + remote_write.varint(t) for t, value in samples)
    return remote_write.message(1, body)
