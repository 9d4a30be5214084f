//! The signatures of PromQL's functions, in one list.

use crate::ast::ValueType;

/// A function's name, arguments and result.
#[derive(Debug, Clone, Copy)]
pub struct Signature {
    /// The name.
    pub name: &'static str,
    /// Types of the listed arguments.
    pub args: &'static [ValueType],
    /// 0: exactly the listed arguments; `n > 0`: the last one may be left out or given up to `n` times in all; -1: the last
    /// one may stand any number of times, also none.
    pub variadic: i32,
    /// The type of the result.
    pub returns: ValueType,
    /// Whether it needs the feature `promql-experimental-functions`.
    pub experimental: bool,
}

impl Signature {
    /// The fewest and the most arguments of a call; no most means any number.
    pub fn arguments(&self) -> (usize, Option<usize>) {
        let listed = self.args.len();
        match usize::try_from(self.variadic) {
            Ok(0) => (listed, Some(listed)),
            Ok(repeats) => (
                listed.saturating_sub(1),
                Some(listed.saturating_sub(1) + repeats),
            ),
            Err(_) => (listed.saturating_sub(1), None),
        }
    }

    /// The type of the argument at `index`, counted from 0: a repeated last argument keeps its type.
    pub fn argument_type(&self, index: usize) -> Option<ValueType> {
        self.args
            .get(index)
            .or_else(|| self.args.last().filter(|_| self.variadic != 0))
            .copied()
    }

    const fn variadic(mut self, variadic: i32) -> Self {
        self.variadic = variadic;
        self
    }

    const fn experimental(mut self) -> Self {
        self.experimental = true;
        self
    }
}

/// The function of that name, if there is one. Names are case-sensitive.
pub fn signature(name: &str) -> Option<&'static Signature> {
    let at = SIGNATURES.binary_search_by(|s| s.name.cmp(name)).ok()?;
    SIGNATURES.get(at)
}

const V: ValueType = ValueType::InstantVector;
const M: ValueType = ValueType::RangeVector;
const S: ValueType = ValueType::Scalar;
const T: ValueType = ValueType::String;

const fn function(name: &'static str, args: &'static [ValueType], returns: ValueType) -> Signature {
    Signature {
        name,
        args,
        variadic: 0,
        returns,
        experimental: false,
    }
}

/// From an instant vector to another.
const fn of_vector(name: &'static str) -> Signature {
    function(name, &[V], V)
}

/// From the windows of a range vector to an instant vector.
const fn of_window(name: &'static str) -> Signature {
    function(name, &[M], V)
}

/// A part of a date: of the vector's values, or of the evaluation time.
const fn of_date(name: &'static str) -> Signature {
    function(name, &[V], V).variadic(1)
}

/// Every function, sorted by name.
pub static SIGNATURES: &[Signature] = &[
    of_vector("abs"),
    of_vector("absent"),
    of_window("absent_over_time"),
    of_vector("acos"),
    of_vector("acosh"),
    of_vector("asin"),
    of_vector("asinh"),
    of_vector("atan"),
    of_vector("atanh"),
    of_window("avg_over_time"),
    of_vector("ceil"),
    of_window("changes"),
    function("clamp", &[V, S, S], V),
    function("clamp_max", &[V, S], V),
    function("clamp_min", &[V, S], V),
    of_vector("cos"),
    of_vector("cosh"),
    of_window("count_over_time"),
    of_date("day_of_month"),
    of_date("day_of_week"),
    of_date("day_of_year"),
    of_date("days_in_month"),
    of_vector("deg"),
    of_window("delta"),
    of_window("deriv"),
    function("double_exponential_smoothing", &[M, S, S], V).experimental(),
    function("end", &[], S).experimental(),
    of_vector("exp"),
    of_window("first_over_time"),
    of_vector("floor"),
    of_vector("histogram_avg"),
    of_vector("histogram_count"),
    function("histogram_fraction", &[S, S, V], V),
    function("histogram_quantile", &[S, V], V),
    function("histogram_quantiles", &[V, T, S, S], V)
        .variadic(9)
        .experimental(),
    of_vector("histogram_stddev"),
    of_vector("histogram_stdvar"),
    of_vector("histogram_sum"),
    of_date("hour"),
    of_window("idelta"),
    of_window("increase"),
    function("info", &[V, V], V).variadic(1).experimental(),
    of_window("irate"),
    function("label_join", &[V, T, T, T], V).variadic(-1),
    function("label_replace", &[V, T, T, T, T], V),
    of_window("last_over_time"),
    of_vector("ln"),
    of_vector("log10"),
    of_vector("log2"),
    of_window("mad_over_time").experimental(),
    function("max_of", &[S, S], S).experimental(),
    of_window("max_over_time"),
    function("min_of", &[S, S], S).experimental(),
    of_window("min_over_time"),
    of_date("minute"),
    of_date("month"),
    function("pi", &[], S),
    function("predict_linear", &[M, S], V),
    of_window("present_over_time"),
    function("quantile_over_time", &[S, M], V),
    of_vector("rad"),
    function("range", &[], S).experimental(),
    of_window("rate"),
    of_window("resets"),
    function("round", &[V, S], V).variadic(1),
    function("scalar", &[V], S),
    of_vector("sgn"),
    of_vector("sin"),
    of_vector("sinh"),
    of_vector("sort"),
    function("sort_by_label", &[V, T], V)
        .variadic(-1)
        .experimental(),
    function("sort_by_label_desc", &[V, T], V)
        .variadic(-1)
        .experimental(),
    of_vector("sort_desc"),
    of_vector("sqrt"),
    function("start", &[], S).experimental(),
    of_vector("start_timestamp").experimental(),
    of_window("stddev_over_time"),
    of_window("stdvar_over_time"),
    function("step", &[], S).experimental(),
    of_window("sum_over_time"),
    of_vector("tan"),
    of_vector("tanh"),
    function("time", &[], S),
    of_vector("timestamp"),
    of_window("ts_of_first_over_time").experimental(),
    of_window("ts_of_last_over_time").experimental(),
    of_window("ts_of_max_over_time").experimental(),
    of_window("ts_of_min_over_time").experimental(),
    function("vector", &[S], V),
    of_date("year"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_unique_and_complete() {
        assert!(
            SIGNATURES
                .windows(2)
                .all(|pair| pair[0].name < pair[1].name)
        );
        assert_eq!(SIGNATURES.len(), 90);
        assert_eq!(SIGNATURES.iter().filter(|s| s.experimental).count(), 17);
    }

    #[test]
    fn counts_of_arguments() {
        let counts = |name| signature(name).map(Signature::arguments);
        assert_eq!(counts("rate"), Some((1, Some(1))));
        assert_eq!(counts("round"), Some((1, Some(2))));
        assert_eq!(counts("label_join"), Some((3, None)));
        assert_eq!(counts("histogram_quantiles"), Some((3, Some(12))));
        assert_eq!(counts("holt_winters"), None);
        let join = signature("label_join").expect("it exists");
        assert_eq!(
            (join.argument_type(0), join.argument_type(9)),
            (Some(V), Some(T))
        );
        assert_eq!(signature("rate").and_then(|s| s.argument_type(1)), None);
    }
}
