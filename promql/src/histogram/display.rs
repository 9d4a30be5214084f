//! Histograms as text, and as the rows the HTTP API shows.

use std::fmt::{self, Display, Formatter};

use super::{Bucket, FloatHistogram};
use crate::notes::General;

impl Display for FloatHistogram {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{{count:{}, sum:{}",
            General::shortest(self.count),
            General::shortest(self.sum)
        )?;
        let negative = self.negative_buckets().rev();
        let zero = (self.zero_count != 0.0).then(|| self.zero_bucket());
        for bucket in negative.chain(zero).chain(self.positive_buckets()) {
            write!(f, ", {bucket}")?;
        }
        f.write_str("}")
    }
}

impl Display for Bucket {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let open = if self.lower_inclusive { '[' } else { '(' };
        let close = if self.upper_inclusive { ']' } else { ')' };
        let [lower, upper, count] = [self.lower, self.upper, self.count].map(General::shortest);
        write!(f, "{open}{lower},{upper}{close}:{count}")
    }
}

impl Bucket {
    /// Which bounds belong to it, in the API's numbers: 0 the upper, 1 the lower, 2 none, 3 both.
    pub(crate) fn boundary_rule(&self) -> u8 {
        match (self.lower_inclusive, self.upper_inclusive) {
            (false, true) => 0,
            (true, false) => 1,
            (false, false) => 2,
            (true, true) => 3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{custom, exponential};

    #[test]
    fn as_text() {
        let mut both = exponential(
            0,
            (0.001, 2.0),
            &[(0, 1.0), (2, 3.0)],
            &[(1, 0.5), (3, 5.0)],
        );
        both.sum = -1.5e7;
        let text = "{count:11.5, sum:-1.5e+07, [-8,-4):5, [-2,-1):0.5, [-0.001,0.001]:2, (0.5,1]:1, (2,4]:3}";
        assert_eq!(both.to_string(), text);
        let listed = custom(&[1.0], &[(0, 1.0), (1, 1e-5)]);
        assert_eq!(
            listed.to_string(),
            "{count:1.00001, sum:0, [-Inf,1]:1, (1,+Inf]:1e-05}"
        );
    }

    #[test]
    fn boundary_rules() {
        let both = exponential(0, (0.001, 2.0), &[(0, 1.0)], &[(1, 0.5)]);
        let rules: Vec<_> = both.buckets().map(|b| b.boundary_rule()).collect();
        assert_eq!(rules, [1, 3, 0]);
    }
}
