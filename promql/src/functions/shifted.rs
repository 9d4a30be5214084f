//! Instants in plans that are run again: `prom_shifted(instant)` is later than `instant` by as much as the query that runs is
//! later than the one that was planned.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// By how much later a plan runs than it was made for, in milliseconds. All parts of a plan share one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shift(Arc<AtomicI64>);

impl Shift {
    /// How much it is now.
    pub(crate) fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Changes it for all. Nothing of the plan may run meanwhile.
    pub(crate) fn set(&self, ms: i64) {
        self.0.store(ms, Ordering::Relaxed);
    }

    /// The function for plans.
    pub(crate) fn udf(&self) -> Arc<ScalarUDF> {
        Arc::new(ScalarUDF::new_from_impl(Shifted {
            shift: self.clone(),
            // Whoever took it for a constant would keep the instant of the first run.
            signature: Signature::exact(vec![DataType::Int64], Volatility::Stable),
        }))
    }
}

impl PartialEq for Shift {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Shift {}

impl Hash for Shift {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Shifted {
    shift: Shift,
    signature: Signature,
}

impl ScalarUDFImpl for Shifted {
    fn name(&self) -> &'static str {
        "prom_shifted"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    /// A scalar, so that functions find the instant where they find a literal.
    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match args.args.as_slice() {
            [ColumnarValue::Scalar(ScalarValue::Int64(Some(instant)))] => {
                let shifted = instant.saturating_add(self.shift.get());
                Ok(ColumnarValue::Scalar(ScalarValue::Int64(Some(shifted))))
            }
            other => internal_err!("an instant must be an integer literal, got {other:?}"),
        }
    }
}
