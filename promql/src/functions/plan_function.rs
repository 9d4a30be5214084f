//! The shell of scalar functions: what DataFusion asks of all of them alike.

use std::borrow::Cow;
use std::fmt::Debug;
use std::hash::Hash;
use std::ops::Deref;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use super::arguments::{ArgumentTypes, Arguments};
use crate::steps::step_type;

/// A function that gives each row something.
pub(crate) trait PlanFunction: Debug + Eq + Hash + Send + Sync + 'static {
    /// The name in plans.
    fn plan_name(&self) -> Cow<'static, str>;

    /// The type of the result: step vectors as long as those among the arguments, unless a function knows better.
    fn returns(&self, types: &ArgumentTypes<'_>) -> Result<DataType> {
        types.steps().map(step_type)
    }

    /// Whether a row may be left without a result.
    fn nullable(&self) -> bool {
        false
    }

    /// Whether calling it does something besides: it is then called exactly once for each batch.
    fn has_effect(&self) -> bool {
        false
    }

    /// The results of all rows.
    fn call(&self, arguments: &Arguments) -> Result<ArrayRef>;

    /// The function for plans.
    fn udf(self) -> Arc<ScalarUDF>
    where
        Self: Sized,
    {
        let signature = match self.has_effect() {
            true => Signature::variadic_any(Volatility::Volatile),
            false => any_signature(),
        };
        Arc::new(ScalarUDF::new_from_impl(Shell {
            name: self.plan_name(),
            function: self,
            signature,
        }))
    }
}

/// Any arguments: the planner builds every call, so types are right by construction.
pub(super) fn any_signature() -> Signature {
    Signature::variadic_any(Volatility::Immutable)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Shell<F> {
    name: Cow<'static, str>,
    function: F,
    signature: Signature,
}

impl<F: PlanFunction> ScalarUDFImpl for Shell<F> {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("the arguments themselves are needed")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let data_type = self.function.returns(&ArgumentTypes::new(&args))?;
        let field = Field::new(self.name.as_ref(), data_type, self.function.nullable());
        Ok(Arc::new(field))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let results = self.function.call(&Arguments::new(args))?;
        Ok(ColumnarValue::Array(results))
    }
}

/// An entry of a list of functions, which is equal to itself alone.
#[derive(Debug)]
pub(super) struct Listed<T: 'static>(pub(super) &'static T);

impl<T> Deref for Listed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0
    }
}

impl<T> PartialEq for Listed<T> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl<T> Eq for Listed<T> {}

impl<T> Hash for Listed<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        std::ptr::hash(self.0, state);
    }
}
