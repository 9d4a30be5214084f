//! The logical plan: the query's own tree, with what the planner knows and decided.

use narthex_promql::{Chosen, Outline};
use serde::{Deserialize, Serialize};

use super::{Steps, seconds};

/// A node of a query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogicalNode {
    /// The node in PromQL's words; `…` stands for its operands.
    pub node: String,
    /// What a selector chose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selected: Option<SelectedSeries>,
    /// The instants inside of a subquery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<Steps>,
    /// What the planner does about it that PromQL does not say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// Its operands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<Self>,
}

/// The series of a selector, as the index knows them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SelectedSeries {
    /// How many.
    pub series: u64,
    /// At most this many samples are read of them.
    pub samples_max: u64,
    /// The first instant whose samples matter, in seconds.
    pub start: f64,
    /// The last one.
    pub end: f64,
}

impl From<&Outline> for LogicalNode {
    fn from(outline: &Outline) -> Self {
        Self {
            node: outline.text.clone(),
            selected: outline.chosen.map(SelectedSeries::from),
            steps: outline.grid.map(Steps::from),
            remarks: outline.remarks.iter().map(ToString::to_string).collect(),
            inputs: outline.inputs.iter().map(Self::from).collect(),
        }
    }
}

impl From<Chosen> for SelectedSeries {
    fn from(chosen: Chosen) -> Self {
        Self {
            series: chosen.series,
            samples_max: chosen.samples_max,
            start: seconds(chosen.range.start),
            end: seconds(chosen.range.end.saturating_sub(1)),
        }
    }
}
