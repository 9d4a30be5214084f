//! The labels a series is stored under: its own, the target's, relabelled. Done once per series, not per sample.

use narthex_formats::SampleEvent;
use narthex_model::{LabelError, Labels, METRIC_NAME};

use super::ScrapeError;
use super::limits::Limits;
use crate::relabel::{LabelSet, Rule, apply};

/// How the series of a target are labelled.
#[derive(Debug)]
pub(crate) struct SeriesLabels {
    /// The target's labels.
    pub(crate) target: Labels,
    /// Whether the series' own labels win.
    pub(crate) honor_labels: bool,
    /// `metric_relabel_configs`.
    pub(crate) rules: std::sync::Arc<[Rule]>,
    /// Limits on labels.
    pub(crate) limits: Limits,
}

impl SeriesLabels {
    /// The final labels of `sample`'s series, `None` if relabelling drops it.
    pub(crate) fn of(&self, sample: &SampleEvent<'_>) -> Result<Option<Labels>, ScrapeError> {
        let wrong = |cause| ScrapeError::Labels {
            series: sample.series.chars().take(200).collect(),
            cause,
        };
        let mut labels = own_labels(sample).map_err(wrong)?;
        if self.honor_labels {
            self.add_missing(&mut labels);
        } else {
            self.add_over(&mut labels);
        }
        if !apply(&self.rules, &mut labels) || labels.is_empty() {
            return Ok(None);
        }
        if !labels.contains(METRIC_NAME) {
            return Err(ScrapeError::NoName(
                sample.series.chars().take(200).collect(),
            ));
        }
        self.limits.check_labels(&labels)?;
        labels.pack().map(Some).map_err(wrong)
    }

    /// Adds the target's labels where the series has none of that name.
    fn add_missing(&self, labels: &mut LabelSet) {
        for (name, value) in self.target.iter() {
            if !labels.contains(name) {
                labels.set(name, value);
            }
        }
    }

    /// Adds the target's labels; a label of the series with the same name becomes `exported_<name>`.
    fn add_over(&self, labels: &mut LabelSet) {
        let mut exported = Vec::new();
        for (name, value) in self.target.iter() {
            let own = labels.get(name).to_owned();
            labels.set(name, value);
            if !own.is_empty() {
                exported.push((name, own));
            }
        }
        for (name, own) in exported {
            let mut free = format!("exported_{name}");
            while labels.contains(&free) {
                free.insert_str(0, "exported_");
            }
            labels.set(&free, own);
        }
    }
}

fn own_labels(sample: &SampleEvent<'_>) -> Result<LabelSet, LabelError> {
    let mut labels = LabelSet::new();
    labels.set(METRIC_NAME, sample.name);
    for (name, value) in sample.labels {
        if labels.contains(name) {
            return Err(LabelError::Duplicate(name.clone().into_owned()));
        }
        labels.set(name, value.as_ref());
    }
    Ok(labels)
}
