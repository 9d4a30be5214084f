//! The shell of window functions over step vectors: a function sees all rows of a group at once, as columns.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::FieldRef;
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{PartitionEvaluator, Signature, WindowUDF, WindowUDFImpl};

use super::plan_function::any_signature;

/// A function of a group of rows. Its first argument is a step vector; so is its result, row by row.
pub(crate) trait GroupFunction: Debug + Clone + Eq + Hash + Send + Sync + 'static {
    /// The name in plans.
    fn name(&self) -> &'static str;

    /// The results of the `rows` rows of a group, from its arguments as columns.
    fn evaluate(&self, arguments: &[ArrayRef], rows: usize) -> Result<ArrayRef>;

    /// The function for plans.
    fn udwf(self) -> Arc<WindowUDF> {
        Arc::new(WindowUDF::new_from_impl(GroupUdf {
            function: self,
            signature: any_signature(),
        }))
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct GroupUdf<F> {
    function: F,
    signature: Signature,
}

impl<F: GroupFunction> WindowUDFImpl for GroupUdf<F> {
    fn name(&self) -> &str {
        self.function.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn partition_evaluator(
        &self,
        _: PartitionEvaluatorArgs<'_>,
    ) -> Result<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(GroupEvaluator(self.function.clone())))
    }

    fn field(&self, args: WindowUDFFieldArgs<'_>) -> Result<FieldRef> {
        match args.input_fields() {
            [vector, ..] => Ok(Arc::new(vector.as_ref().clone().with_name(args.name()))),
            [] => internal_err!("{} needs a vector", self.function.name()),
        }
    }
}

#[derive(Debug)]
struct GroupEvaluator<F>(F);

impl<F: GroupFunction> PartitionEvaluator for GroupEvaluator<F> {
    fn evaluate_all(&mut self, arguments: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        self.0.evaluate(arguments, rows)
    }
}
