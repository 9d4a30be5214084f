//! The order of an instant vector, where the outermost expression asks for one.

use std::cmp::Ordering;
use std::collections::HashMap;

use narthex_model::Labels;

use super::vector::says_meaning;
use crate::ast::{Aggregate, AggregateOp, Call, Expr, Grouping, Node};
use crate::natural::natural_order;
use crate::result::{InstantSample, SampleValue};

/// What decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Order {
    /// All labels.
    Labels,
    /// The values; NaN comes last.
    Values(Direction),
    /// These labels, naturally, then all.
    ByLabels(Vec<String>, Direction),
    /// The values inside each group.
    Groups(Grouping, Direction),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Ascending,
    Descending,
}

impl Direction {
    fn apply(self, order: Ordering) -> Ordering {
        match self {
            Self::Ascending => order,
            Self::Descending => order.reverse(),
        }
    }

    fn values(self, a: f64, b: f64) -> Ordering {
        match (a.is_nan(), b.is_nan()) {
            (false, false) => self.apply(a.partial_cmp(&b).unwrap_or(Ordering::Equal)),
            (a_nan, b_nan) => a_nan.cmp(&b_nan),
        }
    }
}

impl Order {
    /// The order that `expr` asks for.
    pub(super) fn of(expr: &Expr) -> Self {
        match &expr.without_parens().node {
            Node::Call(call) => Self::of_call(call),
            Node::Aggregate(aggregate) => Self::of_aggregate(aggregate),
            _ => Self::Labels,
        }
    }

    fn of_call(call: &Call) -> Self {
        let labels = || {
            let texts = call.args.iter().skip(1);
            let texts = texts.filter_map(|arg| match &arg.without_parens().node {
                Node::String(name) => Some(name.clone()),
                _ => None,
            });
            texts.collect()
        };
        match call.function {
            "sort" => Self::Values(Direction::Ascending),
            "sort_desc" => Self::Values(Direction::Descending),
            "sort_by_label" => Self::ByLabels(labels(), Direction::Ascending),
            "sort_by_label_desc" => Self::ByLabels(labels(), Direction::Descending),
            _ => Self::Labels,
        }
    }

    fn of_aggregate(aggregate: &Aggregate) -> Self {
        let direction = match aggregate.op {
            AggregateOp::Topk => Direction::Descending,
            AggregateOp::Bottomk => Direction::Ascending,
            _ => return Self::Labels,
        };
        Self::Groups(aggregate.grouping.clone(), direction)
    }

    /// Puts samples that are sorted by labels into this order.
    pub(super) fn apply(&self, samples: &mut Vec<InstantSample>) {
        match self {
            Self::Labels => {}
            Self::Values(direction) => {
                // Histograms have no order and are left out.
                samples.retain(|s| matches!(s.value, SampleValue::Float(_)));
                samples.sort_by(|a, b| direction.values(number(a), number(b)));
            }
            Self::ByLabels(names, direction) => {
                samples.sort_by(|a, b| direction.apply(by_labels(names, &a.labels, &b.labels)));
            }
            Self::Groups(grouping, direction) => {
                let mut groups = HashMap::new();
                for sample in samples.iter() {
                    let next = groups.len();
                    groups
                        .entry(group(grouping, &sample.labels))
                        .or_insert(next);
                }
                samples.sort_by(|a, b| {
                    let place = |s: &InstantSample| groups.get(&group(grouping, &s.labels));
                    let values = || direction.values(number(a), number(b));
                    place(a).cmp(&place(b)).then_with(values)
                });
            }
        }
    }
}

fn number(sample: &InstantSample) -> f64 {
    match sample.value {
        SampleValue::Float(v) => v,
        SampleValue::Histogram(_) => f64::NAN,
    }
}

fn by_labels(names: &[String], a: &Labels, b: &Labels) -> Ordering {
    let of = |labels: &Labels, name: &str| labels.get(name).unwrap_or_default().to_owned();
    let differ = names
        .iter()
        .map(|name| natural_order(&of(a, name), &of(b, name)))
        .find(|order| order.is_ne());
    differ.unwrap_or_else(|| a.cmp(b))
}

/// The labels that make the group of a series.
fn group(grouping: &Grouping, labels: &Labels) -> Vec<(String, String)> {
    let belongs = |name: &str| match grouping {
        Grouping::None => false,
        Grouping::By(names) => names.iter().any(|n| n == name),
        Grouping::Without(names) => !says_meaning(name) && !names.iter().any(|n| n == name),
    };
    let labels = labels.iter().filter(|(name, _)| belongs(name));
    labels
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(group: &str, name: &str, value: f64) -> InstantSample {
        InstantSample {
            labels: Labels::new([("g", group), ("n", name)]).expect("sound labels"),
            timestamp: 0,
            value: SampleValue::Float(value),
        }
    }

    fn names(order: &Order) -> String {
        let mut samples = vec![
            sample("a", "10", 1.0),
            sample("a", "9", f64::NAN),
            sample("a", "9x", 3.0),
            sample("b", "1", 2.0),
        ];
        samples.sort_by(|a, b| a.labels.cmp(&b.labels));
        order.apply(&mut samples);
        let names = samples
            .iter()
            .map(|s| s.labels.get("n").unwrap_or_default());
        names.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn orders() {
        use Direction::{Ascending, Descending};
        assert_eq!(names(&Order::Labels), "10 9 9x 1");
        assert_eq!(names(&Order::Values(Ascending)), "10 1 9x 9");
        assert_eq!(names(&Order::Values(Descending)), "9x 1 10 9");
        let by = |direction| Order::ByLabels(vec!["n".to_owned()], direction);
        assert_eq!(names(&by(Ascending)), "1 9 9x 10");
        assert_eq!(names(&by(Descending)), "10 9x 9 1");
        let groups = Order::Groups(Grouping::By(vec!["g".to_owned()]), Descending);
        assert_eq!(names(&groups), "9x 10 9 1");
    }
}
