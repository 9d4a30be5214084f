"""Random well-typed PromQL over the series of `world.py`."""

import json
import random

RANGES = ["45s", "2m", "5m", "7m30s", "20m", "1h"]
OFFSETS = ["30s", "5m", "-2m", "33m"]
LABELS = ["job", "host", "code", "le", "version"]
COUNTERS = ["requests_total", "latency_bucket", "latency_count", "latency_sum"]
GAUGES = ["load", "temperature", "weird", "info"]
NATIVE = ["native", "native_custom", "native_gauge", "mixed"]
MATCHERS = ['job="api"', 'job!="api"', 'host=~"a|b1"', 'host!~"b.*"', 'job=~".+"', 'host="c"']
# That many series do not satisfy.
RARE = ['host=""', 'code="500"', 'le=~"0.5|.Inf"', 'zone="x"', 'version!="1.0"', 'job=""']

# From a range of floats.
OVER_TIME = [
    "avg_over_time", "min_over_time", "max_over_time", "sum_over_time", "count_over_time", "stddev_over_time",
    "stdvar_over_time", "last_over_time", "present_over_time", "deriv", "delta", "idelta", "ts_of_last_over_time",
    "ts_of_max_over_time", "ts_of_min_over_time",
]
COUNTER_FUNCTIONS = ["rate", "increase", "irate", "changes", "resets"]
ELEMENTWISE = [
    "abs", "ceil", "floor", "exp", "ln", "log2", "log10", "sqrt", "sgn", "sin", "cos", "tan", "asin", "acos", "atan", "sinh",
    "cosh", "tanh", "asinh", "acosh", "atanh", "deg", "rad", "day_of_month", "day_of_week", "day_of_year", "days_in_month",
    "hour", "minute", "month", "year", "timestamp",
]
AGGREGATIONS = ["sum", "avg", "min", "max", "count", "stddev", "stdvar", "group"]
ARITHMETIC = ["+", "-", "*", "/", "%", "^", "atan2"]
COMPARISONS = ["==", "!=", "<", "<=", ">", ">="]
SETS = ["and", "or", "unless"]


class Generator:
    """A query for each call; the same seed gives the same queries."""

    def __init__(self, seed, start, end):
        self.random = random.Random(seed)
        self.start, self.end = start, end

    def query(self):
        return self.scalar(3) if self.random.random() < 0.05 else self.vector(self.random.choice([1, 2, 2, 3, 3, 4]))

    def any(self, *choices):
        return self.random.choice(choices)

    def maybe(self, text, chance=0.2):
        return text if self.random.random() < chance else ""

    def modifiers(self):
        at = self.random.choice([str(self.random.randint(self.start - 600, self.end + 600)), "start()", "end()"])
        return self.maybe(f" @ {at}", 0.05) + self.maybe(f" offset {self.random.choice(OFFSETS)}", 0.15)

    def selector(self, names):
        name = self.random.choice(names)
        matchers = self.random.sample(MATCHERS, self.random.choice([0, 0, 0, 1, 1, 2]))
        if self.random.random() < 0.1:
            matchers.append(self.random.choice(RARE))
        if self.random.random() < 0.03:
            return f'{{{",".join([json.dumps(name), *matchers])}}}'
        if self.random.random() < 0.05:
            return f'{{__name__=~"{name}|{self.any("load", "native", "native_gauge")}",{",".join(matchers)}}}'
        return name + (f"{{{','.join(matchers)}}}" if matchers else "")

    def range_of(self, names, depth):
        if depth > 1 and self.random.random() < 0.2:
            step = self.any("", "30s", "1m", "47s")
            # Rounding would decide whether a computed value fell, so those who look for falls get plain ones.
            inner = self.selector(names) if names is COUNTERS else self.vector(depth - 1)
            return f"({inner})[{self.random.choice(RANGES[1:])}:{step}]{self.modifiers()}"
        return f"{self.selector(names)}[{self.random.choice(RANGES)}]{self.modifiers()}"

    def number(self):
        return self.any("0", "1", "-1", "2", "0.5", "3.7", "1e3", "-0.25", "100", "NaN", "Inf", "0x1F", "1_000", "5m")

    def scalar(self, depth):
        if depth <= 0 or self.random.random() < 0.6:
            return self.number()
        kind = self.any("time", "scalar", "binary", "compare", "pi", "minus")
        if kind == "time":
            return "time()"
        if kind == "pi":
            return "pi()"
        if kind == "minus":
            return f"-({self.scalar(depth - 1)})"
        if kind == "scalar":
            return f"scalar({self.vector(depth - 1)})"
        left, right = self.scalar(depth - 1), self.scalar(depth - 1)
        if kind == "compare":
            return f"({left} {self.random.choice(COMPARISONS)} bool {right})"
        return f"({left} {self.random.choice(ARITHMETIC)} {right})"

    def grouping(self):
        labels = self.random.sample(LABELS, self.random.choice([0, 1, 1, 2]))
        return self.any("", f" by ({', '.join(labels)})", f" without ({', '.join(labels)})")

    def matching(self, sets):
        labels = ", ".join(self.random.sample(LABELS[:3], self.random.choice([1, 1, 2])))
        match = self.any("", "", f"on ({labels})", f"ignoring ({labels})", "on (job, host)", self.any("on ()", "ignoring (code, le, version)"))
        if sets or not match:
            return match
        group = self.any("", "", "group_left", "group_right")
        # What stands in parentheses after it would be taken for labels.
        include = f" ({self.maybe(self.random.choice(LABELS), 0.4)})" if group else ""
        return f"{match} {group}{include}"

    def vector(self, depth):
        if depth <= 0:
            return self.selector(COUNTERS + GAUGES + NATIVE * (self.random.random() < 0.3)) + self.modifiers()
        return self.random.choice(self.FORMS)(self, depth)

    def rate(self, depth):
        plain = self.random.random() < 0.8
        inner = self.range_of(COUNTERS, depth) if plain else self.range_of(COUNTERS + GAUGES + NATIVE, 1)
        return f"{self.random.choice(COUNTER_FUNCTIONS)}({inner})"

    def over_time(self, depth):
        names = GAUGES + COUNTERS + NATIVE * (self.random.random() < 0.2)
        kind = self.random.random()
        if kind < 0.1:
            return f"quantile_over_time({self.any('0', '0.3', '0.99', '1', '2')}, {self.range_of(names, depth)})"
        if kind < 0.2:
            return f"predict_linear({self.range_of(names, depth)}, {self.any('0', '60', '-100', '3600')})"
        if kind < 0.25:
            return f"absent_over_time({self.range_of(names, depth)})"
        if kind < 0.27:
            # NaN makes it NaN only since 3.6.
            return f"mad_over_time({self.range_of(COUNTERS + GAUGES[:2], 1)})"
        if kind < 0.3:
            factors = f"{self.any('0.1', '0.5', '0.9')}, {self.any('0.2', '0.7')}"
            return f"double_exponential_smoothing({self.range_of(GAUGES[:2], depth)}, {factors})"
        return f"{self.random.choice(OVER_TIME)}({self.range_of(names, depth)})"

    def elementwise(self, depth):
        inner = self.vector(depth - 1)
        kind = self.random.random()
        if kind < 0.1:
            return f"clamp({inner}, {self.number()}, {self.number()})"
        if kind < 0.2:
            return f"{self.any('clamp_min', 'clamp_max')}({inner}, {self.scalar(depth - 1)})"
        if kind < 0.3:
            return f"round({inner}{self.any('', ', 0.5', ', 10', ', -3')})"
        if kind < 0.4:
            return f"-({inner})"
        if kind < 0.43:
            return f"{self.any('hour', 'minute', 'day_of_year', 'days_in_month', 'year')}()"
        return f"{self.random.choice(ELEMENTWISE)}({inner})"

    def aggregate(self, depth):
        if self.random.random() < 0.15:
            parameter = self.any("0.1", "0.5", "0.9", "1", "-1", self.scalar(depth - 1))
            return f"quantile{self.grouping()} ({parameter}, {self.vector(depth - 1)})"
        return f"{self.random.choice(AGGREGATIONS)}{self.grouping()} ({self.vector(depth - 1)})"

    def ranked(self, depth):
        # Values without ties: which of equal ones stay is chance. They also are the only ones whose text is sure to be the same.
        inner = "temperature" + self.maybe('{job="api"}', 0.3) + self.modifiers()
        kind = self.random.random()
        if kind < 0.15:
            return f'count_values{self.grouping()} ("{self.any("value", "job")}", {inner})'
        if kind < 0.25:
            return f"limit_ratio{self.grouping()} ({self.any('0.3', '-0.5', '1', '2')}, {self.vector(depth - 1)})"
        if kind < 0.35:
            return f"{self.any('sort', 'sort_desc')}({self.vector(depth - 1)})"
        if kind < 0.4:
            return f'{self.any("sort_by_label", "sort_by_label_desc")}({self.vector(depth - 1)}, "host", "job")'
        count = self.any("0", "1", "2", "5", "scalar(vector(2))", "(time() % 3)")
        if kind < 0.5:
            # Which ones stay depends on where they are stored.
            return f"count (limitk{self.grouping()} ({count}, {inner}))"
        return f"{self.any('topk', 'bottomk')}{self.grouping()} ({count}, {inner})"

    def binary(self, depth):
        if self.random.random() < 0.65:
            return self.operation(self.random.choice(ARITHMETIC), depth)
        return self.operation(self.random.choice(COMPARISONS) + self.maybe(" bool", 0.4), depth)

    def operation(self, op, depth):
        kind = self.random.random()
        if kind < 0.25:
            return f"({self.vector(depth - 1)} {op} {self.scalar(depth - 1)})"
        if kind < 0.4:
            return f"({self.scalar(depth - 1)} {op} {self.vector(depth - 1)})"
        if kind < 0.7:
            # Rounding would decide how computed values compare to themselves.
            left = self.selector(COUNTERS + GAUGES) if op[0] in "=!<>" else self.vector(depth - 1)
            return f"({left} {op} {self.matching(False) if self.random.random() < 0.3 else ''} {left})"
        return f"({self.vector(depth - 1)} {op} {self.matching(False)} {self.vector(depth - 1)})"

    def set(self, depth):
        return f"({self.vector(depth - 1)} {self.random.choice(SETS)} {self.matching(True)} {self.vector(depth - 1)})"

    def labelled(self, depth):
        inner = self.vector(depth - 1)
        if self.random.random() < 0.5:
            texts = [self.any("dst", "job", "host", "__name__"), self.any("x", "$1", "$1-y", "", "${1}z"), self.any("job", "host", "nope", "__name__")]
            texts.append(self.any("(.*)", "(a).*", "api", "b"))
            return f"label_replace({inner}, {', '.join(map(json.dumps, texts))})"
        texts = [self.any("dst", "job"), self.any("-", ""), *self.any(["job", "host"], ["host"], [], ["code", "nope", "job"])]
        return f"label_join({inner}, {', '.join(map(json.dumps, texts))})"

    def quantile(self, depth):
        phi = self.any("0", "0.5", "0.9", "0.99", "1", "-1", "2", "NaN")
        kind = self.random.random()
        if kind < 0.3:
            inner = f"sum by (job, le) (rate(latency_bucket[{self.random.choice(RANGES)}]))"
        elif kind < 0.5:
            inner = f"rate(latency_bucket[{self.random.choice(RANGES)}])"
        elif kind < 0.6:
            inner = "latency_bucket"
        else:
            native = self.any("native", "native_custom", "mixed")
            inner = self.any(native, f"rate({native}[5m])", f"sum by (job) ({native})", f"increase({native}[20m])")
        return f"histogram_quantile({phi}, {inner})"

    def native(self, depth):
        name = self.random.choice(NATIVE)
        inner = self.any(
            name, f"rate({name}[5m])", f"delta({name}[10m])", f"sum by (job) ({name})", f"avg ({name})", f"{name} * 2",
            f"{name} / 4", f"sum_over_time({name}[3m])", f"avg_over_time({name}[3m])", f"-{name}", f"({name} + {name})",
            f"({name} - {name} offset 5m)", f"last_over_time({name}[2m])", f"(rate({name}[5m]) or load)", f"increase({name}[2m])",
            f"irate({name}[5m])", f"idelta({name}[5m])",
        )
        function = self.any("", "", "histogram_count", "histogram_sum", "histogram_avg", "histogram_stddev", "histogram_stdvar", "fraction")
        if function == "fraction":
            return f"histogram_fraction({self.any('0', '-Inf', '0.2')}, {self.any('1', '+Inf', '0.5')}, {inner})"
        return f"{function}({inner})" if function else inner

    def absent(self, depth):
        return f"absent({self.vector(depth - 1)})"

    def from_scalar(self, depth):
        return f"vector({self.scalar(depth - 1)})"

    FORMS = (
        [rate] * 4 + [over_time] * 5 + [elementwise] * 3 + [aggregate] * 5 + [ranked] + [binary] * 6
        + [set] * 2 + [labelled] + [quantile] * 2 + [native] * 2 + [absent] + [from_scalar]
    )
