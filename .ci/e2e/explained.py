"""Where Prometheus 3.5 is known to answer otherwise. A rule is more than a pattern: it tries what it says on parts of the query."""

import itertools
import json
import math
import re

# Notes that 3.5 does not know.
NEW = "conflicting counter resets|mismatched custom buckets|sort is ineffective"
ALIKE = "vector cannot contain metrics with the same labelset"
AMBIGUOUS = "multiple matches for labels"
CLAUSES = "must not occur in ON and GROUP clause"
OPERATOR = re.compile(
    r" (?:and|or|unless|atan2|[=!<>]=|[-+*/%^<>])(?: bool)?"
    r"(?: (?:on|ignoring) \([^)]*\)(?: group_(?:left|right)(?: \([^)]*\))?)?)? +"
)
FILTER = re.compile(r" (?:[=!<>]=|[<>]) (?!bool)")
MISFIT = "PromQL info: incompatible sample types encountered for binary operator"
STATISTIC = r"\bhistogram_(count|sum|avg)\("
# What rounds a value once more, or takes the next float.
NUDGES = ["* 1.1 / 1.1", "* 0.7 / 0.7", "* 330001 / 330001", "* 7.7 / 7.7", "* 1.0000000000000002", "* 0.9999999999999998"]


class Case:
    """A query that was answered differently, and ways to ask more."""

    def __init__(self, query, times, answers, sessions, compare):
        self.query, self.times = query, times
        self.theirs, self.ours = answers
        self.sessions, self.compare = sessions, compare

    def ask_theirs(self, query):
        return self.sessions[0].ask(query, self.times)

    def ask_ours(self, query):
        return self.sessions[1].ask(query, self.times)

    def is_alike_as(self, query):
        """Whether both answer another query alike, or differ by a rule for what that says."""
        answers = self.ask_theirs(query), self.ask_ours(query)
        if self.compare.explain(*answers) is None:
            return True
        return query != self.query and rule_of(Case(query, self.times, answers, self.sessions, self.compare)) is not None

    def parts(self):
        """Places of arguments and operands in the query, outer ones first."""
        groups = [(start + 1, end) for start, end in brackets(self.query)]
        for start, end in sorted(groups):
            for place in pieces(self.query, start, end):
                yield place


def brackets(text):
    """Where parentheses open and close, those in quotes left out."""
    opened = []
    for token in re.finditer(r'"(?:[^"\\]|\\.)*"|[()]', text):
        if token[0] == "(":
            opened.append(token.start())
        elif token[0] == ")" and opened:
            yield opened.pop(), token.start()


def pieces(text, start, end):
    """What stands between the commas, or around the operator, of what is inside parentheses; and the whole."""
    inside = text[start:end]
    covered = re.sub(r'"(?:[^"\\]|\\.)*"|\{[^}]*\}|\[[^]]*\]', lambda quoted: "_" * len(quoted[0]), inside)
    nested = list(brackets(covered))
    outer = lambda at: not any(a < at < b for a, b in nested)
    commas = [m.start() for m in re.finditer(",", covered) if outer(m.start())]
    edges = [-1, *commas, len(inside)]
    for a, b in itertools.pairwise(edges):
        yield start + a + 1, start + b
    for m in OPERATOR.finditer(inside):
        if outer(m.start()):
            yield start, start + m.start()
            yield start + m.end(), end


def histogram_rates(case):
    """Rates of native histograms are not extended to below zero since 3.6."""
    plain = re.sub(r"\b(?:rate|increase)\(", "last_over_time(", case.query)
    return "native_gauge" in case.query and plain != case.query and case.is_alike_as(plain)


def negative_histograms(case):
    """Native histograms that are negated or subtracted are gauges since 3.6."""
    different = notes(case.theirs) ^ notes(case.ours)
    plain = re.sub(r"-(?=[a-z(])", "", case.query.replace(" - ", " + "))
    told = bool(different) and all(re.search("native histogram metric is not a (gauge|counter)", note) for note in different)
    return told and plain != case.query and case.is_alike_as(plain)


def skipped_buckets(case):
    """3.5 leaves out buckets in its own way where only counts or sums are wanted."""
    if not re.search(r"native_custom|[=!]=|irate\(native_gauge", case.query):
        return False
    plain = re.sub(STATISTIC, "histogram_stddev(", case.query)
    return plain != case.query and case.is_alike_as(plain)


def alike_labels(case):
    """Series that label_replace makes alike may take turns since 3.8."""
    if case.theirs.get("error") != ALIKE:
        return False
    for start, end in brackets(case.query):
        name = re.search(r"label_(?:replace|join)$", case.query[:start])
        if not name:
            continue
        argument = next(pieces(case.query, start + 1, end))
        refused = case.ask_theirs(case.query[name.start() : end + 1]).get("error") == ALIKE
        if refused and "error" not in case.ask_theirs(case.query[slice(*argument)]):
            return True
    return False


def unneeded_error(case):
    """An operand that cannot change the answer is not evaluated, so nobody sees its errors; and of two errors we may say the other."""
    if case.theirs["status"] != "error":
        return False
    answers = (case.ask_ours(case.query[start:end]) for start, end in case.parts())
    return any("error" in ours and not case.compare.errors(case.theirs["error"], ours["error"]) for ours in answers)


def unneeded_note(case):
    """Nor sees anybody its notes."""
    if case.theirs["status"] != "success" or case.ours["status"] != "success" or case.compare.values(case.theirs["data"], case.ours["data"]):
        return False
    missing = notes(case.theirs) - notes(case.ours)
    if notes(case.ours) - notes(case.theirs):
        return False
    said = set()
    for start, end in case.parts():
        part = case.query[start:end]
        said |= notes(case.ask_ours(part)) | notes(case.ask_ours(f"quantile({part}, vector(1))"))
    return bool(missing) and missing <= said


def last_note(case):
    """An operator that cannot take some pairs of a step says so of the last one alone, and which is the last is chance."""
    if case.theirs["status"] != "success" or case.ours["status"] != "success" or case.compare.values(case.theirs["data"], case.ours["data"]):
        return False
    more = notes(case.ours) - notes(case.theirs)
    if notes(case.theirs) - notes(case.ours) or not all(note.startswith(MISFIT) for note in more):
        return False
    operators = {note.split(": ")[1] for note in notes(case.theirs) if note.startswith(MISFIT)}
    return bool(more) and all(note.split(": ")[1] in operators for note in more)


def notes(answer):
    """The texts of notes that 3.5 knows, without places and without the name that 3.5 gives to what has none."""
    known = (note for kind in ("warnings", "infos") for note in answer.get(kind, []) if not re.search(NEW, note))
    return {re.sub(r"( for metric name \"\"|, from buckets .*)? \(\d+:\d+\)$", "", note) for note in known}


def dropped_pairs(case):
    """Pairs that a comparison drops are ambiguous, too, since 3.10."""
    if case.theirs["status"] != "success" or not case.ours.get("error", "").startswith(AMBIGUOUS):
        return False
    kept = (f"{case.query[: m.end()]}bool {case.query[m.end() :]}" for m in FILTER.finditer(case.query))
    return any(case.ask_theirs(query).get("error") == case.ours["error"] for query in kept)


def misplaced(case):
    """3.5 misplaces an operator after a list of labels in parentheses."""
    texts = [re.sub(r"1:\d+", "", answer.get("error", "")) for answer in (case.theirs, case.ours)]
    return CLAUSES in texts[0] and texts[0] == texts[1]


def numbered_token(case):
    """3.5 calls some tokens by a number, too."""
    theirs, ours = (answer.get("error", "") for answer in (case.theirs, case.ours))
    plain = re.sub(r'"<Item \d+>" ', "", theirs)
    return plain != theirs and plain == ours


def pinned_timestamp(case):
    """timestamp() of a selector with `@` forgets the offset when it looks for the samples that it has fetched."""
    plain = re.sub(r"(\btimestamp\(\(*[^()]*@ (?:\d+|start\(\)|end\(\))) offset -?\w+", r"\1", case.query)
    return plain != case.query and case.is_alike_as(plain)


def pinned_parameter(case):
    """An aggregation of a vector that is the same at all steps takes its parameter once, although that may change."""
    if not re.search(r"\b(?:topk|bottomk|limitk|limit_ratio|quantile)\b", case.query):
        return False
    plain = re.sub(r" @ (?:\d+|start\(\)|end\(\))", "", case.query)
    return plain != case.query and case.is_alike_as(plain)


def rounding(case):
    """The answer hangs on digits that a float has not: Prometheus itself gives another one, at least an eighth as far away as ours,
    once a part of the query is rounded once more."""
    if case.theirs["status"] != "success" or case.ours["status"] != "success":
        return False
    theirs, ours = points(case.theirs), points(case.ours)
    open_points = {at for at in theirs.keys() | ours.keys() if not is_close(case, theirs.get(at), ours.get(at))}
    if not open_points:
        return False
    for start, end in case.parts():
        for nudge in NUDGES:
            rounded = f"{case.query[:start]}(({case.query[start:end]}) {nudge}){case.query[end:]}"
            answer = case.ask_theirs(rounded)
            if answer["status"] == "success":
                moved = points(answer)
                open_points = {at for at in open_points if not is_far(theirs.get(at), moved.get(at), ours.get(at))}
            if not open_points:
                return True
    return False


def points(answer):
    """The floats of an answer by labels and time, whatever the metric's name."""
    if answer["data"]["resultType"] == "scalar":
        time, value = answer["data"]["result"]
        return {("{}", time): float(value)}
    found = {}
    for series in answer["data"]["result"]:
        labels = json.dumps({name: value for name, value in series["metric"].items() if name != "__name__"}, sort_keys=True)
        for time, value in series.get("values") or ([series["value"]] if "value" in series else []):
            found[labels, time] = float(value)
    return found


def is_close(case, a, b):
    return (a is None) == (b is None) and (a is None or case.compare.close(a, b))


def is_far(theirs, moved, ours):
    """Whether Prometheus' own change is no smaller than an eighth of the difference; where there is no number on a side, any change."""
    numbers = [v is not None and math.isfinite(v) for v in (theirs, moved, ours)]
    if all(numbers):
        return abs(moved - theirs) * 8 >= abs(ours - theirs)
    return numbers[0] != numbers[2] and numbers[0] != numbers[1]


RULES = [
    misplaced, numbered_token, pinned_timestamp, histogram_rates, negative_histograms, skipped_buckets, alike_labels, dropped_pairs, unneeded_error,
    unneeded_note, last_note, pinned_parameter, rounding,
]


def rule_of(case):
    """What explains a difference; nothing if no rule does."""
    for rule in RULES:
        if rule(case):
            return " ".join(rule.__doc__.split())
    return None
