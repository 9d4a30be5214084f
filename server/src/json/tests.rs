//! Numbers, strings and whole answers against their naive forms.

use narthex_model::Labels;
use narthex_promql::{InstantSample, QueryValue, RangeSeries, SampleValue};
use proptest::prelude::*;

use super::*;

fn written(push: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    push(&mut out);
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn timestamps() {
    let cases = [
        (0, "0"),
        (1, "0.001"),
        (-1, "-0.001"),
        (1_000, "1"),
        (1_435_781_430_781, "1435781430.781"),
        (1_500, "1.500"),
        (i64::MAX, "9223372036854775.807"),
        (i64::MIN, "-9223372036854775.808"),
    ];
    for (ms, text) in cases {
        assert_eq!(written(|out| push_timestamp(ms, out)), text);
    }
}

#[test]
fn strings() {
    assert_eq!(
        written(|out| push_string("a\"b\\c\n\u{1}ü", out)),
        "\"a\\\"b\\\\c\\n\\u0001ü\""
    );
    assert_eq!(
        written(|out| push_strings(["a", "b"], out)),
        "[\"a\",\"b\"]"
    );
    assert_eq!(written(|out| push_strings([], out)), "[]");
}

#[test]
fn values() {
    let labels = Labels::new([("__name__", "up"), ("job", "a")]).expect("valid");
    let vector = QueryValue::Vector(vec![InstantSample {
        labels: labels.clone(),
        timestamp: 1_000,
        value: SampleValue::Float(1.0),
    }]);
    assert_eq!(
        written(|out| push_value(&vector, out)),
        r#""resultType":"vector","result":[{"metric":{"__name__":"up","job":"a"},"value":[1,"1"]}]"#
    );
    let series = RangeSeries {
        labels,
        timestamps: vec![1_000, 1_250],
        values: vec![0.5, f64::NAN],
        histograms: Vec::new(),
    };
    assert_eq!(
        written(|out| push_value(&QueryValue::Matrix(vec![series]), out)),
        r#""resultType":"matrix","result":[{"metric":{"__name__":"up","job":"a"},"values":[[1,"0.5"],[1.250,"NaN"]]}]"#
    );
    let scalar = QueryValue::Scalar {
        timestamp: 4_000,
        value: f64::INFINITY,
    };
    assert_eq!(
        written(|out| push_value(&scalar, out)),
        r#""resultType":"scalar","result":[4,"+Inf"]"#
    );
    let text = QueryValue::String {
        timestamp: 0,
        value: "x\"".to_owned(),
    };
    assert_eq!(
        written(|out| push_value(&text, out)),
        r#""resultType":"string","result":[0,"x\""]"#
    );
}

proptest! {
    #[test]
    fn any_string_reads_back(text in any::<String>()) {
        let json = written(|out| push_string(&text, out));
        prop_assert_eq!(serde_json::from_str::<String>(&json).expect("JSON"), text);
    }
}
