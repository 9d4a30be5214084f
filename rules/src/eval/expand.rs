//! Labels and annotations of alerts, from their templates.

use std::collections::BTreeMap;
use std::sync::Arc;

use narthex_model::{Labels, METRIC_NAME, TimestampMs};

use super::alert::Instance;
use super::alerts::ALERT_NAME;
use super::settings::{Settings, World};
use crate::template::{AlertData, Answers, Budget, Context, Expansion, Template};
use crate::{SampleValue, VectorSample};

/// How many different queries the templates of a rule may ask in one evaluation.
const QUERIES_MAX: usize = 100;

/// The texts of a rule, ready to be made for each of its alerts.
#[derive(Debug)]
pub(super) struct Texts {
    alert: String,
    labels: Vec<(String, Text)>,
    annotations: Vec<(String, Text)>,
}

/// A text as the file has it.
#[derive(Debug)]
enum Text {
    Plain(String),
    Template(Box<Template>),
}

impl Text {
    fn new(alert: &str, text: &str) -> Self {
        // The file has been checked: what cannot be read is taken as it is.
        match Template::of_alert(alert, text) {
            Ok(template) if text.contains("{{") => Self::Template(Box::new(template)),
            _ => Self::Plain(text.to_owned()),
        }
    }
}

impl Texts {
    pub(super) fn new(
        alert: &str,
        labels: &BTreeMap<String, String>,
        annotations: &BTreeMap<String, String>,
    ) -> Self {
        let texts = |texts: &BTreeMap<String, String>| {
            let pairs = texts
                .iter()
                .map(|(name, text)| (name.clone(), Text::new(alert, text)));
            pairs.collect()
        };
        Self {
            alert: alert.to_owned(),
            labels: texts(labels),
            annotations: texts(annotations),
        }
    }
}

/// One evaluation of the templates of a rule. The answers to their queries are shared, since all are asked for the same time.
pub(super) struct Expander<'a> {
    world: &'a World,
    settings: &'a Settings,
    at: TimestampMs,
    answers: Answers,
    budget: Budget,
}

impl<'a> Expander<'a> {
    pub(super) fn new(world: &'a World, settings: &'a Settings, at: TimestampMs) -> Self {
        Self {
            world,
            settings,
            at,
            answers: Answers::default(),
            budget: Budget::default(),
        }
    }

    /// The alert of each sample.
    ///
    /// # Errors
    /// Labels that form no set.
    pub(super) async fn instances(
        &mut self,
        texts: &Texts,
        samples: &[VectorSample],
    ) -> Result<Vec<Instance>, String> {
        let mut instances = Vec::with_capacity(samples.len());
        for sample in samples {
            instances.push(self.instance(texts, sample).await?);
            // Templates may take long: others get a turn.
            tokio::task::yield_now().await;
        }
        Ok(instances)
    }

    async fn instance(&mut self, texts: &Texts, sample: &VectorSample) -> Result<Instance, String> {
        let (labels, url) = (&self.settings.external_labels, &self.settings.external_url);
        let data = AlertData::new(sample, labels, url);
        let own = sample.labels.iter().filter(|l| l.0 != METRIC_NAME);
        let mut labels: BTreeMap<String, String> =
            own.map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        for (name, text) in &texts.labels {
            let value = self.expand(text, &data).await;
            labels.insert(name.clone(), value);
        }
        labels.insert(ALERT_NAME.to_owned(), texts.alert.clone());
        let mut annotations = BTreeMap::new();
        for (name, text) in &texts.annotations {
            annotations.insert(name.clone(), self.expand(text, &data).await);
        }
        let pairs = labels.iter().map(|(n, v)| (n.as_str(), v.as_str()));
        Ok(Instance {
            labels: Labels::new(pairs).map_err(|e| e.to_string())?,
            annotations,
            value: match &sample.value {
                SampleValue::Float(value) => *value,
                SampleValue::Histogram(_) => 0.0,
            },
        })
    }

    async fn expand(&mut self, text: &Text, data: &AlertData) -> String {
        let template = match text {
            Text::Plain(text) => return text.clone(),
            Text::Template(template) => template,
        };
        self.world.metrics.expansions.add(1);
        loop {
            let context = Context {
                data,
                at: self.at,
                external_url: &self.settings.external_url,
                external_path: &self.settings.external_path,
                answers: &self.answers,
            };
            match template.expand(&context, &mut self.budget) {
                Ok(Expansion::Text(text)) => return text,
                Ok(Expansion::Ask(query)) => self.answer(query).await,
                Err(message) => {
                    self.world.metrics.expansion_failures.add(1);
                    return format!("<error expanding template: {message}>");
                }
            }
        }
    }

    async fn answer(&mut self, query: String) {
        let answer = if self.answers.count() < QUERIES_MAX {
            let asked = [Arc::from(query.as_str())];
            let mut found = self.world.query.instant(&asked, self.at).await;
            match found.pop() {
                Some(found) => found.result.map_err(|e| e.to_string()),
                None => Ok(Vec::new()),
            }
        } else {
            Err(format!(
                "the templates of a rule may ask {QUERIES_MAX} queries at most"
            ))
        };
        self.answers.insert(query, answer);
    }
}
