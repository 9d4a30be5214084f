//! The answers to the queries of templates.

use std::collections::HashMap;
use std::sync::Arc;

use super::value::Value;
use super::{Called, Failure, shown};
use crate::VectorSample;

/// Answers by query: the samples, or why there are none. However often a template asks, an answer is made ready for it once.
#[derive(Debug, Default)]
pub struct Answers(HashMap<String, Result<Value, String>>);

impl Answers {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Adds an answer.
    pub fn insert(&mut self, query: String, answer: Result<Vec<VectorSample>, String>) {
        let answer = answer.map(|samples| {
            let samples: Vec<_> = samples.iter().map(|s| Arc::new(shown(s))).collect();
            Value::Samples(Arc::new(samples))
        });
        self.0.insert(query, answer);
    }

    /// What `query` gives a template.
    pub(super) fn get(&self, query: &str) -> Called {
        match self.0.get(query) {
            None => Err(Failure::Ask(query.to_owned())),
            Some(Err(message)) => Err(message.as_str().into()),
            Some(Ok(samples)) => Ok(samples.clone()),
        }
    }
}
