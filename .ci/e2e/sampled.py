"""A seeded small world of all kinds of series, in order of time."""

import random
import struct

# A border of blocks: 2025-01-01T00:00Z.
START = 1735689600
STEP = 30
STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]


def batches(hours, seed=1, step=STEP):
    """For each twelve minutes, the series: labels, and what `series_of` takes besides."""
    world = World(seed, step)
    for first in range(0, hours * 3600, 720):
        yield list(world.series(range(first, first + 720, step)))


class World:
    def __init__(self, seed, step):
        self.step = step
        self.random = random.Random(seed)
        self.counters = {host: 0 for host in "abc"}
        self.grown = {}

    def series(self, offsets):
        times = [(offset, (START + offset) * 1000) for offset in offsets]
        for host in "abc":
            values = [(t + self.random.randrange(20), self.counter(host, offset)) for offset, t in times]
            exemplars = [({"trace_id": f"{host}{times[0][0]}"}, 0.5, values[0][0])]
            yield {"__name__": "requests_total", "host": host, "job": "web"}, {"samples": values, "exemplars": exemplars}
            values = [(t, self.gauge(host, offset)) for offset, t in times]
            yield {"__name__": "load", "host": host, "job": "web"}, {"samples": values}
        for name, options in HISTOGRAMS.items():
            histograms = [self.histogram(name, offset, t, options) for offset, t in times]
            yield {"__name__": name, "job": "web"}, {"histograms": histograms}

    def counter(self, host, offset):
        """Restarts every 97 minutes."""
        self.counters[host] = 0 if offset % (97 * 60) < self.step else self.counters[host] + self.random.randrange(50)
        return float(self.counters[host])

    def gauge(self, host, offset):
        """One host is away for ten minutes of each hour."""
        return STALE if host == "b" and offset % 3600 == 1800 else self.random.random() * 4

    def histogram(self, name, offset, t, options):
        if options.get("hint") == 3 or offset % (83 * 60) < self.step:
            self.grown[name] = [0] * 6
        grown = self.grown[name]
        for _ in range(20):
            grown[self.random.randrange(6)] += 1
        scale = 0.5 if options.get("float") else 1
        values = [count * scale for count in grown] if options.get("float") else list(grown)
        h = {"t": t, "sum": sum(grown) * 1.25, "count": sum(values), "buckets": values[:4], **options}
        if options["schema"] == -53:
            # Such histograms have only positive buckets.
            return {**h, "buckets": values}
        return {**h, "zero": values[4], "zero_threshold": 0.001, "negative_spans": [(1, 1)], "negative_buckets": values[5:]}


HISTOGRAMS = {
    "latency": {"schema": 3, "spans": [(-2, 2), (3, 2)]},
    "latency_float": {"schema": 0, "spans": [(0, 4)], "float": True},
    "queue_gauge": {"schema": 1, "spans": [(0, 4)], "hint": 3},
    "sizes": {"schema": -53, "spans": [(0, 6)], "custom": [0.1, 0.25, 1.0, 2.5, 1e6]},
}


def lines(labels, samples=(), histograms=(), exemplars=()):
    """A text for each sample, as the tests of the importer write it."""
    name = labels["__name__"]
    others = ", ".join(f'{n}="{v}"' for n, v in sorted(labels.items()) if n != "__name__")
    head = f"{name}{{{others}}}"
    for t, value in samples:
        yield f"{head} {t} {struct.unpack('<Q', struct.pack('<d', value))[0]:016x}"
    for h in histograms:
        numbers = [h["schema"], h.get("zero_threshold", 0), h.get("zero", 0), h["count"], h["sum"]]
        negative = [h.get("negative_spans", []), h.get("negative_buckets", [])]
        yield f"{head} {h['t']} {plain([numbers, [h['spans'], h['buckets']], negative, h.get('custom', [])])}"


def plain(value):
    """Lists in brackets, numbers without needless decimals, no blanks."""
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(plain, value)) + "]"
    return repr(value).removesuffix(".0")
