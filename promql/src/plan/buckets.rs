//! Whether anybody looks at the buckets of a selector's native histograms.
//!
//! Prometheus does not even decode them below `histogram_count` and its like, but finds resets on the way and says so in the hints.
//! Here they are decoded anyway; but the hints, which some warnings tell of, must be the same.

use crate::ast::Node;
use crate::functions::hints::Hints;

/// What the expressions around say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Buckets {
    /// Nothing.
    Unsaid,
    /// Only counts and sums matter.
    Skipped,
    /// They matter, whatever the expressions further inside say.
    Needed,
}

impl Buckets {
    /// What they say inside `node`.
    pub(super) fn inside(self, node: &Node) -> Self {
        let function = match node {
            Node::Binary(_) => return Self::Unsaid,
            // The samples of a subquery may skip over the one that follows a reset.
            Node::Subquery(_) => return Self::Needed,
            Node::Call(call) => call.function,
            _ => return self,
        };
        match function {
            "histogram_quantile" | "histogram_quantiles" | "histogram_fraction" => Self::Needed,
            "histogram_count" | "histogram_sum" | "histogram_avg" if self == Self::Unsaid => {
                Self::Skipped
            }
            _ => self,
        }
    }

    /// Which hints a selector gives.
    pub(super) fn hints(self) -> Hints {
        match self {
            Self::Skipped => Hints::Found,
            Self::Unsaid | Self::Needed => Hints::Read,
        }
    }
}
