"""Counts checks: each prints `ok` or `FAILED` with its reason."""

import contextlib
import traceback


class Checks:
    def __init__(self):
        self.passed = 0
        self.failed = 0

    @contextlib.contextmanager
    def check(self, name):
        """What stands inside is one check; it passes unless something is raised."""
        try:
            yield
        except Exception as error:
            self.failed += 1
            print(f"FAILED  {name}\n        {describe(error)}", flush=True)
        else:
            self.passed += 1
            print(f"ok      {name}", flush=True)

    @contextlib.contextmanager
    def scenario(self):
        """A scenario that cannot go on is one failure."""
        try:
            yield
        except Exception:
            self.failed += 1
            print(f"FAILED  the scenario ended early\n{traceback.format_exc()}", flush=True)


def describe(error):
    text = str(error) or type(error).__name__
    return text if isinstance(error, AssertionError) else f"{type(error).__name__}: {text}"


def equal(got, want, what="the answer"):
    assert got == want, f"{what} is {shortened(got)}, not {shortened(want)}"


def close(got, want, what="the answer"):
    """Within 1e-9 of the larger: sums may be added up in another order."""
    assert abs(got - want) <= 1e-9 * max(abs(got), abs(want)), f"{what} is {got!r}, not {want!r}"


def contains(text, *words):
    for word in words:
        assert word in text, f"{word!r} is not in: {shortened(text)}"


def shortened(value):
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 600 else text[:600] + " …"
