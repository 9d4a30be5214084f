"""How SLOs are counted, once more and as plainly as can be: docs/slo/semantics.md in Python, sample by sample."""

import bisect
import math
import struct

from sampled import STALE

SLICE = 60_000
USUAL = 60_000
PARTS = 4096


def is_stale(value):
    return struct.pack("<d", value) == struct.pack("<d", STALE)


class Counted:
    """Events by slice; and those of them that no differences of samples show, by the time of their sample."""

    def __init__(self):
        self.slices = {}
        self.unseen = []

    def add(self, samples, seen):
        """A counter, and when its target was seen."""
        before, ended = None, None
        for t, value in samples:
            if not math.isfinite(value):
                ended = t if is_stale(value) else ended
                continue
            if before is None or ended is not None:
                start, delta = self.began(t, value, before, ended, seen)
            else:
                start, delta = before[0], value - before[1] if value >= before[1] else value
            before, ended = (t, value), None
            if delta:
                self.spread(start, t, delta)
        return self

    def began(self, t, value, before, ended, seen):
        """Since when a series that is new or was away counts, and how much."""
        earlier = bisect.bisect_left(seen, t)
        last = seen[earlier - 1] if earlier else None
        if last is not None and (before is None or last >= ended):
            # One that is lower than before looks like a reset.
            self.unseen.append((t, value if before is None else before[1] if value >= before[1] else 0))
            return last, value
        if before is None:
            return t, 0
        # Its target was away, too.
        return (before[0], value - before[1]) if value >= before[1] else (t - USUAL, value)

    def spread(self, start, end, delta):
        given = 0.0
        for edge in range(start // SLICE * SLICE + SLICE, end, SLICE):
            upto = round(delta * ((edge - start) / (end - start)) * PARTS) / PARTS
            self.put(edge - SLICE, upto - given)
            given = upto
        self.put((end - 1) // SLICE * SLICE, delta - given)

    def put(self, start, events):
        self.slices[start] = self.slices.get(start, 0.0) + events

    def within(self, start, end):
        return sum(events for at, events in self.slices.items() if start <= at < end)


def count(world, **matchers):
    """What the series with these labels counted; a label may have several values."""
    seen = {}
    for labels, samples in world.items():
        if ("__name__", "up") in labels:
            seen[dict(labels)["instance"]] = [t for t, value in samples if value == 1]
    counted = Counted()
    for labels, samples in world.items():
        own = dict(labels)
        if all(own.get(name) in (value if isinstance(value, tuple) else (value,)) for name, value in matchers.items()):
            counted.add(samples, seen[own["instance"]])
    return counted
