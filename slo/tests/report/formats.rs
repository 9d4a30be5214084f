//! Each format is what it says it is, and all say the same.

use std::path::Path;

use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use narthex_slo::report::{csv, html, json, openmetrics, parquet, rows};
use serde_json::Value;

use crate::data::example;

/// The schema that is published.
const SCHEMA: &str = "docs/slo/report.schema.json";

#[test]
fn json_keeps_to_its_schema() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(SCHEMA);
    let path = path.to_str().expect("UTF-8");
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    let schema = compiler.compile(path, &mut schemas).expect("a schema");
    let valid = |value: &Value| {
        schemas
            .validate(value, schema)
            .map_err(|e| format!("{e:#}"))
    };

    let report = json::value(&example());
    valid(&report).expect("the example is valid");
    // What is not described is found, and so is what is left out.
    let mut other = report.clone();
    other["reports"][0]["new"] = true.into();
    assert!(valid(&other).is_err(), "an unknown field");
    let mut other = report;
    other["reports"][0]
        .as_object_mut()
        .expect("an object")
        .remove("gap");
    assert!(valid(&other).is_err(), "a field that is missing");
}

#[test]
fn json_has_the_fields_of_slo_generator() {
    let report = json::value(&example());
    let row = &report["reports"][0];
    let near = |name: &str, want: f64| {
        let found = row[name].as_f64().unwrap_or(f64::NAN);
        assert!((found - want).abs() < 1e-9, "{name}: {found}, {want}");
    };
    assert_eq!(row["name"], "payments-good-minutes");
    assert_eq!(row["window"], 2_592_000);
    assert_eq!(row["alert"], true);
    near("goal", 0.9995);
    near("error_budget_target", 0.0005);
    near("error_budget_minutes", 21.6);
    near("error_minutes", 39.0);
    near("error_budget_remaining_minutes", 21.6 - 39.0);
    near("error_budget_consumed_ratio", 39.0 / 21.6);
    near("error_budget_burn_rate", 1.8);
    near("sli_measurement", 1.0 - 39.0 / 43_200.0);
    near("gap", 0.0005 - 39.0 / 43_200.0);
}

#[test]
fn csv_and_parquet_have_the_same_rows() {
    let report = example();
    let text = csv::write(&report).expect("CSV");
    let bytes = bytes::Bytes::from(parquet::write(&report).expect("Parquet"));
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).expect("Parquet");
    let batches: Vec<_> = reader.build().expect("a reader").flatten().collect();
    let [batch] = batches.as_slice() else {
        panic!("{} batches", batches.len());
    };
    let mut records = ::csv::Reader::from_reader(text.as_bytes());
    let names: Vec<String> = records
        .headers()
        .expect("a header")
        .iter()
        .map(str::to_owned)
        .collect();
    let schema = batch.schema();
    let columns: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    assert_eq!(columns, names);

    let attained = batch
        .column_by_name("attained")
        .expect("a column")
        .as_primitive::<Float64Type>();
    let groups = batch
        .column_by_name("group")
        .expect("a column")
        .as_string::<i32>();
    let mut count = 0;
    for (i, record) in records.records().enumerate() {
        let record = record.expect("a record");
        let of = |name: &str| &record[names.iter().position(|n| n == name).expect("a column")];
        assert_eq!(
            of("attained").parse::<f64>().expect("a number"),
            attained.value(i)
        );
        assert_eq!(of("group"), groups.value(i));
        count += 1;
    }
    assert_eq!(
        (count, batch.num_rows()),
        (rows(&report).len(), rows(&report).len())
    );
}

#[test]
fn openmetrics_has_its_families_in_one_piece() {
    let text = openmetrics::write(&example());
    assert!(text.ends_with("\n# EOF\n"));
    let mut families: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split('{').next())
        .collect();
    families.dedup();
    let typed: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" gauge"))
        .collect();
    assert_eq!(families, typed);
}

#[test]
fn html_needs_nothing_from_elsewhere() {
    let page = html::write(&example());
    for foreign in [
        "<script",
        "<link",
        "<img",
        "src=",
        "@import",
        "url(http",
        "url(//",
        "javascript:",
    ] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    for link in page.split("href=\"").skip(1) {
        assert!(link.starts_with("#slo-"), "{}", &link[..40]);
    }
}

#[test]
fn html_names_everything_once_and_closes_everything() {
    let page = html::write(&example());
    let mut ids: Vec<&str> = page
        .split(" id=\"")
        .skip(1)
        .filter_map(|s| s.split('"').next())
        .collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "an id stands twice");
    for named in page
        .split("aria-labelledby=\"")
        .skip(1)
        .filter_map(|s| s.split('"').next())
    {
        for id in named.split(' ') {
            assert!(ids.binary_search(&id).is_ok(), "{id} is nowhere");
        }
    }
    for element in ["svg", "path", "rect", "table", "section", "g", "title"] {
        let opened = page.matches(&format!("<{element}>")).count()
            + page.matches(&format!("<{element} ")).count();
        assert_eq!(
            opened,
            page.matches(&format!("</{element}>")).count(),
            "{element}"
        );
    }
}
