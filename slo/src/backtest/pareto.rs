//! Which policies no other beats.

/// What a policy costs people, and what is lost before it tells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trade {
    /// How often somebody is told in a week.
    pub pages_per_week: f64,
    /// The fraction of the budget that is lost before.
    pub spent_before: f64,
}

/// Of each policy, whether no other is better in one and as good in the other. Of equals, all are.
pub fn pareto(trades: &[Trade]) -> Vec<bool> {
    let beats = |a: &Trade, b: &Trade| {
        let as_good = a.pages_per_week <= b.pages_per_week && a.spent_before <= b.spent_before;
        as_good && a != b
    };
    let is_beaten = |trade: &Trade| trades.iter().any(|other| beats(other, trade));
    trades.iter().map(|trade| !is_beaten(trade)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_no_other_beats() {
        let trade = |pages_per_week, spent_before| Trade {
            pages_per_week,
            spent_before,
        };
        let trades = [
            trade(1.0, 0.5),
            trade(2.0, 0.2),
            trade(2.0, 0.3),
            trade(3.0, 0.2),
            trade(1.0, 0.5),
        ];
        assert_eq!(pareto(&trades), [true, true, false, false, true]);
    }
}
