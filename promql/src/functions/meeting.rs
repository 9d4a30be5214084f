//! An error that counts only where something else has a point too: `prom_seen(vector)` gives its argument back and remembers
//! its steps.
//!
//! Prometheus refuses a match at a step if the "one" side has two series for a group, but not where the other side is empty. In
//! a plan each side runs on its own, so both leave word at a [`Meeting`], and the answer is refused when it is read.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use super::arguments::{any_signature, column};
use crate::mixed::MixedVectors;

/// Where two sides of a match leave word.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meeting(Arc<Mutex<Word>>);

#[derive(Debug, Default)]
struct Word {
    /// What is wrong at a step.
    clashes: BTreeMap<usize, String>,
    /// Whether the other side has a point at a step.
    seen: Vec<bool>,
}

impl Meeting {
    /// Something is wrong at `step`.
    pub(crate) fn clash(&self, step: usize, message: impl FnOnce() -> String) {
        self.with(|word| {
            word.clashes.entry(step).or_insert_with(message);
        });
    }

    /// What is wrong at the first step where it counts.
    pub(crate) fn refusal(&self) -> Option<String> {
        self.with(|word| {
            let seen = |step: &usize| word.seen.get(*step).copied().unwrap_or(false);
            let first = word.clashes.iter().find(|(step, _)| seen(step));
            first.map(|(_, message)| message.clone())
        })
    }

    fn with<T>(&self, f: impl FnOnce(&mut Word) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The function for plans, for the side that must have a point.
    pub(crate) fn seen(&self) -> Arc<ScalarUDF> {
        Arc::new(ScalarUDF::new_from_impl(SeenUdf {
            meeting: self.clone(),
            signature: any_signature(),
        }))
    }
}

impl PartialEq for Meeting {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Meeting {}

impl Hash for Meeting {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct SeenUdf {
    meeting: Meeting,
    signature: Signature,
}

impl ScalarUDFImpl for SeenUdf {
    fn name(&self) -> &'static str {
        "prom_seen"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("the field is that of the argument")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        match args.arg_fields {
            [vector] => Ok(Arc::new(Field::new(
                self.name(),
                vector.data_type().clone(),
                true,
            ))),
            _ => internal_err!("{} needs a vector", self.name()),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let array = column(&args.args, 0, rows)?;
        let vectors = MixedVectors::from_array(&array)?;
        let mut seen = vec![false; vectors.steps()];
        for row in 0..rows {
            vectors.for_each_present(row, |step| seen[step] = true);
        }
        self.meeting.with(|word| {
            word.seen.resize(seen.len().max(word.seen.len()), false);
            let both = word.seen.iter_mut().zip(seen);
            both.for_each(|(before, now)| *before |= now);
        });
        Ok(ColumnarValue::Array(array))
    }
}
