//! Sums and differences of what counters count.

use std::collections::BTreeSet;

use narthex_syntax::ast::{
    Aggregate, AggregateOp, Binary, BinaryOp, Call, Cardinality, Expr, Grouping, Matching, Node,
};

use super::template::{Range, range};
use crate::spec::Selector;

/// Counters that are added, and counters that are subtracted.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Counters {
    /// What is added, and what is subtracted.
    pub(super) added: Vec<Selector>,
    pub(super) subtracted: Vec<Selector>,
    /// How they are counted; `None`: there are none.
    pub(super) how: Option<How>,
}

/// How counters are counted.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct How {
    /// `rate` or `increase`, or nothing where the counters themselves stand there.
    pub(super) function: &'static str,
    /// Over which range.
    pub(super) range: Range,
    /// By which labels.
    pub(super) group_by: BTreeSet<String>,
}

impl How {
    /// Whatever stands there, counted over the window.
    pub(super) fn plain() -> Self {
        Self {
            function: "",
            range: Range::Window,
            group_by: BTreeSet::new(),
        }
    }

    /// What is said to be a counter is counted alike, rated or not.
    pub(super) fn ignore_function(&mut self) {
        self.function = "";
    }
}

impl Counters {
    fn none() -> Self {
        Self {
            added: Vec::new(),
            subtracted: Vec::new(),
            how: None,
        }
    }

    /// What the expression counts, if it is a sum or difference of counted counters and nothing else.
    pub(super) fn of(expr: &Expr) -> Option<Self> {
        match &expr.without_parens().node {
            Node::Aggregate(aggregate) => sum(aggregate),
            Node::Binary(binary) => of_binary(binary),
            node => is_zero(node).then(Self::none),
        }
    }

    fn plus(mut self, other: Self) -> Option<Self> {
        self.how = match (self.how, other.how) {
            (Some(a), Some(b)) if a != b => return None,
            (a, b) => a.or(b),
        };
        self.added.extend(other.added);
        self.subtracted.extend(other.subtracted);
        Some(self)
    }

    fn negated(self) -> Self {
        Self {
            added: self.subtracted,
            subtracted: self.added,
            how: self.how,
        }
    }

    fn is_grouped(&self) -> bool {
        self.how
            .as_ref()
            .is_some_and(|how| !how.group_by.is_empty())
    }
}

/// `a + b`, `a - b`, `a or vector(0)`.
fn of_binary(binary: &Binary) -> Option<Counters> {
    let left = Counters::of(&binary.lhs)?;
    let right = Counters::of(&binary.rhs)?;
    let grouped = left.is_grouped() || right.is_grouped();
    let matching = binary.matching.as_ref();
    match binary.op {
        BinaryOp::Add if matches_groups(matching, grouped) => left.plus(right),
        BinaryOp::Sub if matches_groups(matching, grouped) => left.plus(right.negated()),
        // What is absent counts nothing anyway.
        BinaryOp::Or if right.how.is_none() => Some(left),
        _ => None,
    }
}

/// Whether each group meets itself; without groups there is one, whatever the clauses say.
fn matches_groups(matching: Option<&Matching>, grouped: bool) -> bool {
    let Some(matching) = matching else {
        return true;
    };
    let one_to_one = matching.cardinality == Cardinality::OneToOne;
    let by_all = !matching.on && matching.labels.is_empty();
    let fills = matching.fill_left.is_some() || matching.fill_right.is_some();
    one_to_one && !fills && (by_all || !grouped)
}

/// `vector(0)` or `0`.
fn is_zero(node: &Node) -> bool {
    match node {
        Node::Number(literal) => literal.value == 0.0,
        Node::Call(call) if call.function == "vector" => call
            .args
            .first()
            .is_some_and(|arg| is_zero(&arg.without_parens().node)),
        _ => false,
    }
}

/// `sum by (…) (rate(…))`, and sums in sums.
fn sum(aggregate: &Aggregate) -> Option<Counters> {
    let group_by = match &aggregate.grouping {
        Grouping::None => BTreeSet::new(),
        Grouping::By(labels) => labels.iter().cloned().collect(),
        Grouping::Without(_) => return None,
    };
    if aggregate.op != AggregateOp::Sum {
        return None;
    }
    let mut inside = match &aggregate.expr.without_parens().node {
        Node::Call(call) => rate(call)?,
        Node::Vector(vector) => one(Selector::of(vector)?, "", Range::Window),
        Node::Aggregate(inner) if is_within(&group_by, &inner.grouping) => sum(inner)?,
        _ => return None,
    };
    if let Some(how) = &mut inside.how {
        how.group_by = group_by;
    }
    Some(inside)
}

/// Whether the groups of an outer sum are made of those of an inner one.
fn is_within(outer: &BTreeSet<String>, inner: &Grouping) -> bool {
    match inner {
        Grouping::None => outer.is_empty(),
        Grouping::By(labels) => outer.iter().all(|label| labels.contains(label)),
        Grouping::Without(_) => false,
    }
}

fn rate(call: &Call) -> Option<Counters> {
    let function = ["rate", "increase"]
        .into_iter()
        .find(|name| *name == call.function)?;
    let [arg] = call.args.as_slice() else {
        return None;
    };
    let Node::Matrix(matrix) = &arg.without_parens().node else {
        return None;
    };
    let selector = Selector::of(&matrix.vector)?;
    Some(one(selector, function, range(&matrix.range)?))
}

/// A single vector, not summed: its series are those of the groups, as where there is but one.
pub(super) fn bare(expr: &Expr) -> Option<Counters> {
    match &expr.without_parens().node {
        Node::Call(call) => rate(call),
        Node::Vector(vector) => Some(one(Selector::of(vector)?, "", Range::Window)),
        _ => None,
    }
}

fn one(selector: Selector, function: &'static str, range: Range) -> Counters {
    let how = How {
        function,
        range,
        ..How::plain()
    };
    Counters {
        added: vec![selector],
        subtracted: Vec::new(),
        how: Some(how),
    }
}
