"""A seeded world of awkward series: gaps, resets, stale markers, NaN, infinities, churn, all kinds of histograms."""

import math
import random

from sampled import STALE, START

STEP = 30
HOURS = 3
BOUNDS = [0.1, 0.25, 0.5, 1.0, 2.5]


def batches(seed):
    """For each ten minutes, the series: labels, and what `series_of` takes besides."""
    rng = random.Random(seed)
    makers = list(series(rng))
    for first in range(0, HOURS * 3600, 600):
        offsets = range(first, first + 600, STEP)
        out = []
        for labels, make in makers:
            made = make(offsets)
            if any(made.values()):
                out.append((labels, made))
        yield out


def series(rng):
    for job in ("api", "db"):
        for host in ("a", "b1", "c"):
            for code in ("200", "500"):
                yield {"__name__": "requests_total", "job": job, "host": host, "code": code}, counter(rng)
            yield {"__name__": "load", "job": job, "host": host}, gauge(rng, -2, 4)
            yield {"__name__": "temperature", "job": job, "host": host}, gauge(rng, 10, 90)
            yield {"__name__": "weird", "job": job, "host": host}, weird(rng)
            yield from classic(rng, {"job": job, "host": host})
            yield {"__name__": "native", "job": job, "host": host}, native(rng, {"schema": rng.choice([0, 2])})
            yield {"__name__": "native_custom", "job": job, "host": host}, native(rng, {"schema": -53, "custom": BOUNDS})
            yield {"__name__": "mixed", "job": job, "host": host}, mixed(rng)
            yield {"__name__": "native_gauge", "job": job, "host": host}, native(rng, {"schema": 1, "hint": 3, "float": True})
        yield from churning(rng, job)
    yield {"__name__": "load", "job": "solo"}, gauge(rng, 0, 1)


def clock(rng, offsets):
    """Times in milliseconds: mostly there, sometimes a little late, with gaps now and then."""
    for offset in offsets:
        if rng.random() < 0.04:
            continue
        late = rng.randrange(900) if rng.random() < 0.5 else 0
        yield offset, (START + offset) * 1000 + late


def counter(rng):
    state = {"value": 0.0}
    integral = rng.random() < 0.7

    def make(offsets):
        samples = []
        for _, t in clock(rng, offsets):
            if rng.random() < 0.01:
                state["value"] = 0.0
            state["value"] += rng.randrange(40) if integral else rng.random() * 3
            samples.append((t, state["value"]))
        return {"samples": samples}

    return make


def gauge(rng, low, high):
    silence = (rng.randrange(HOURS * 3600), rng.randrange(60, 1500))

    def make(offsets):
        samples = []
        for offset, t in clock(rng, offsets):
            if silence[0] <= offset < silence[0] + silence[1]:
                if offset - silence[0] < STEP:
                    samples.append((t, STALE))
                continue
            samples.append((t, round(rng.uniform(low, high), 3)))
        return {"samples": samples}

    return make


def weird(rng):
    def make(offsets):
        pick = [1.0, 0.0, -0.0, -3.5, 1e300, 1e-300, math.nan, math.inf, -math.inf, 7.0]
        return {"samples": [(t, rng.choice(pick) if rng.random() < 0.2 else float(rng.randrange(10))) for _, t in clock(rng, offsets)]}

    return make


def churning(rng, job):
    """Versions that follow each other."""
    at = 0
    for version in ("1.0", "1.1", "2.0"):
        end = at + rng.randrange(2000, 5000)

        def make(offsets, at=at, end=end):
            return {"samples": [(t, 1.0) for offset, t in clock(rng, offsets) if at <= offset < end]}

        yield {"__name__": "info", "job": job, "host": "a", "version": version}, make
        at = end + rng.choice([-60, 0, 400])


def classic(rng, labels):
    """Buckets, count and sum that grow together."""
    grown = [0] * (len(BOUNDS) + 1)
    drawn = {}

    def draw(offset):
        if offset not in drawn:
            if rng.random() < 0.01:
                grown[:] = [0] * len(grown)
            for _ in range(rng.randrange(12)):
                grown[rng.randrange(len(grown))] += 1
            drawn[offset] = list(grown)
        return drawn[offset]

    def part(value):
        def make(offsets):
            return {"samples": [((START + offset) * 1000, value(draw(offset))) for offset in offsets]}

        return make

    for i, bound in enumerate([*map(str, BOUNDS), "+Inf"]):
        yield {"__name__": "latency_bucket", "le": bound, **labels}, part(lambda g, i=i: float(sum(g[: i + 1])))
    yield {"__name__": "latency_count", **labels}, part(lambda g: float(sum(g)))
    yield {"__name__": "latency_sum", **labels}, part(lambda g: sum(g) * 0.4)


def native(rng, options):
    """Counters never come near zero, so that no rate is extended to below it; some buckets never hold anything."""
    custom, gauge = options["schema"] == -53, options.get("hint") == 3
    live = [True, *(rng.random() < 0.8 for _ in range(5))]
    grown = [2000 * held for held in live]

    def make(offsets):
        histograms = []
        for _, t in clock(rng, offsets):
            if gauge:
                grown[:] = [0] * 6
            elif rng.random() < 0.01:
                grown[:] = [count // 2 for count in grown]
            for _ in range(rng.randrange(15)):
                bucket = rng.randrange(6)
                grown[bucket] += live[bucket]
            values = [count * 0.5 for count in grown] if options.get("float") else list(grown)
            h = {"t": t, "sum": sum(values) * 1.25, "count": sum(values), **options}
            if custom:
                h |= {"spans": [(0, 6)], "buckets": values}
            else:
                h |= {"spans": [(-1, 2), (1, 2)], "buckets": values[:4], "zero": values[4], "zero_threshold": 0.001}
                h |= {"negative_spans": [(1, 1)], "negative_buckets": values[5:]}
            histograms.append(h)
        return {"histograms": histograms}

    return make


def mixed(rng):
    """Floats in one batch, histograms in the next."""
    makers = [counter(rng), native(rng, {"schema": 1})]

    def make(offsets):
        return makers[offsets.start // len(offsets) // STEP % 2](offsets)

    return make
