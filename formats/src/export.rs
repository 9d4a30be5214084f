//! Series as JSON lines, as VictoriaMetrics exports them.
//!
//! ```text
//! {"metric":{"__name__":"up","job":"node"},"values":[1,0,null],"timestamps":[1735689600000,1735689615000,1735689630000]}
//! ```

use std::borrow::Cow;
use std::collections::BTreeMap;

use narthex_model::{Error, Label, WriteBatch, stale_nan};
use serde::Deserialize;

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    metric: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    values: Vec<Value>,
    timestamps: Vec<i64>,
}

/// `null` is the stale marker, the only NaN that VictoriaMetrics keeps; infinities are texts.
#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Number(f64),
    Text(String),
    Null(()),
}

impl Value {
    fn number(&self) -> Result<f64, Error> {
        match self {
            Self::Number(number) => Ok(*number),
            Self::Null(()) => Ok(stale_nan()),
            Self::Text(text) => narthex_model::parse_float(text)
                .ok_or_else(|| Error::invalid(format!("the value {text:?} is no number"))),
        }
    }
}

/// Adds the samples of a line to `batch`.
///
/// # Errors
/// `Invalid` if the line is no such JSON, has more values than timestamps or fewer, or labels that form no set.
pub fn read_export_line(line: &[u8], batch: &mut WriteBatch) -> Result<(), Error> {
    let line: Line<'_> = serde_json::from_slice(line)
        .map_err(|e| Error::invalid("not a line of exported series").with_source(e))?;
    if line.values.len() != line.timestamps.len() {
        return Err(Error::invalid(format!(
            "{} values stand beside {} timestamps",
            line.values.len(),
            line.timestamps.len()
        )));
    }
    let mut labels: Vec<Label<'_>> = line.metric.iter().map(|(n, v)| (&**n, &**v)).collect();
    let series = batch
        .push_series(&mut labels)
        .map_err(|e| Error::invalid("the labels of a series form no set").with_source(e))?;
    for (t, value) in line.timestamps.iter().zip(&line.values) {
        batch.push_sample(series, *t, value.number()?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_becomes_samples() {
        let mut batch = WriteBatch::new();
        let line = br#"{"metric":{"job":"a\"b","__name__":"up"},"values":[1,0.5,null,"Infinity",-2e-3],"timestamps":[1,2,3,4,5]}"#;
        read_export_line(line, &mut batch).expect("good");
        assert_eq!(batch.labels(0).to_string(), r#"up{job="a\"b"}"#);
        assert_eq!(batch.timestamps(), [1, 2, 3, 4, 5]);
        let bits: Vec<_> = batch.values().iter().map(|v| v.to_bits()).collect();
        let want = [1.0, 0.5, stale_nan(), f64::INFINITY, -0.002].map(f64::to_bits);
        assert_eq!(bits, want);
    }

    #[test]
    fn mistakes_are_named() {
        for (line, what) in [
            (r#"{"metric":{},"values":[1],"timestamps":[]}"#, "1 values"),
            (r#"{"metric":{},"values":["x"],"timestamps":[1]}"#, "\"x\""),
            (
                r#"{"metric":{"":"x"},"values":[],"timestamps":[]}"#,
                "labels",
            ),
            ("[]", "not a line"),
        ] {
            let error = read_export_line(line.as_bytes(), &mut WriteBatch::new());
            let error = error.expect_err(what).to_string();
            assert!(error.contains(what), "{error}");
        }
    }
}
