//! Whether anybody looks at the buckets of a selector's native histograms.
//!
//! Below `histogram_count` and its like nobody does: what comes after a selector sees counts and sums alone, with hints that tell
//! the resets that the buckets showed.

use crate::ast::{BinaryOp, Node};
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
            Node::Binary(binary) => match binary.op {
                BinaryOp::TrimLower | BinaryOp::TrimUpper => return Self::Needed,
                _ => return self,
            },
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
