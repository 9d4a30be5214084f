//! An answer of the query API, and whether two say the same.

use std::collections::BTreeMap;

use narthex_model::{Error, Result, TimestampMs};
use serde_json::Value;

/// Values may differ by this share of the larger.
const TOLERANCE: f64 = 1e-9;

type Points = Vec<(TimestampMs, f64)>;

/// Series by their labels, which are written out in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Answer(BTreeMap<String, Points>);

impl Answer {
    /// Reads the envelope; a vector's series have one point each.
    pub(crate) fn read(text: &str) -> Result<Self> {
        let odd = || {
            let start: String = text.chars().take(300).collect();
            Error::invalid(format!("this is no answer of a query: {start}"))
        };
        let json: Value = serde_json::from_str(text).map_err(|_| odd())?;
        if let Some(items) = json["data"].as_array() {
            return Ok(Self(items.iter().map(read_item).collect()));
        }
        let series = json["data"]["result"].as_array().ok_or_else(odd)?;
        let series = series
            .iter()
            .map(|series| read_series(series).ok_or_else(odd));
        series.collect::<Result<_>>().map(Self)
    }

    /// Reads the rows of a SQL statement: a column of numbers is a series, named by the column, and its points lie at 0.
    pub(crate) fn read_rows(text: &str) -> Result<Self> {
        let json: Value = serde_json::from_str(text).unwrap_or_default();
        let rows = json["data"]["rows"].as_array().ok_or_else(|| {
            let start: String = text.chars().take(300).collect();
            Error::invalid(format!("these are no rows: {start}"))
        })?;
        let mut answer = Self::default();
        for (column, cell) in rows.iter().filter_map(Value::as_object).flatten() {
            if let Some(number) = cell.as_f64() {
                let points = answer.0.entry(column.clone()).or_default();
                points.push((0, number));
            }
        }
        Ok(answer)
    }

    /// Number of points of all series.
    pub(crate) fn point_count(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    /// The value, if there is but one.
    pub(crate) fn only_value(&self) -> Option<f64> {
        let mut points = self.0.values().flatten();
        points
            .next()
            .filter(|_| self.point_count() == 1)
            .map(|point| point.1)
    }

    /// The first difference to `other` in words, `None` if there is none.
    pub(crate) fn difference(&self, other: &Self) -> Option<String> {
        if self.0.len() != other.0.len() {
            return Some(format!("{} series, not {}", self.0.len(), other.0.len()));
        }
        self.0.iter().find_map(|(labels, points)| {
            let Some(others) = other.0.get(labels) else {
                return Some(format!("{labels} is not there"));
            };
            if points.len() != others.len() {
                return Some(format!(
                    "{labels}: {} points, not {}",
                    points.len(),
                    others.len()
                ));
            }
            let pairs = points.iter().zip(others);
            let mut differing = pairs.filter(|(a, b)| a.0 != b.0 || !close(a.1, b.1));
            let (a, b) = differing.next()?;
            Some(format!(
                "{labels}: {} at {}, not {} at {}",
                a.1, a.0, b.1, b.0
            ))
        })
    }

    /// The first difference of the values alone, whatever series and times they have.
    pub(crate) fn difference_of_values(&self, other: &Self) -> Option<String> {
        let [values, others] = [self, other].map(|answer| {
            let mut values: Vec<f64> = answer.0.values().flatten().map(|point| point.1).collect();
            values.sort_by(f64::total_cmp);
            values
        });
        if values.len() != others.len() {
            return Some(format!("{} values, not {}", values.len(), others.len()));
        }
        let mut pairs = values.iter().zip(&others);
        let (a, b) = pairs.find(|(a, b)| !close(**a, **b))?;
        Some(format!("{a}, not {b}"))
    }
}

fn close(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= TOLERANCE * a.abs().max(b.abs())
}

/// A text or a label set, as a series with one point.
fn read_item(item: &Value) -> (String, Points) {
    let labels = item.as_object().map(|o| o.iter().collect());
    let labels: Option<BTreeMap<_, _>> = labels;
    let text = labels.and_then(|l| serde_json::to_string(&l).ok());
    (text.unwrap_or_else(|| item.to_string()), vec![(0, 1.0)])
}

fn read_series(series: &Value) -> Option<(String, Points)> {
    let labels: BTreeMap<_, _> = series["metric"].as_object()?.iter().collect();
    let labels = serde_json::to_string(&labels).ok()?;
    let points = match series.get("values") {
        Some(values) => values
            .as_array()?
            .iter()
            .map(read_point)
            .collect::<Option<_>>()?,
        None => vec![read_point(&series["value"])?],
    };
    Some((labels, points))
}

fn read_point(pair: &Value) -> Option<(TimestampMs, f64)> {
    let ms = (pair[0].as_f64()? * 1000.0).round() as TimestampMs;
    Some((ms, pair[1].as_str()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(value: &str) -> Answer {
        let text = format!(
            r#"{{"data":{{"result":[{{"metric":{{"b":"2","a":"1"}},"values":[[1.5,"{value}"],[2,"NaN"]]}}]}}}}"#
        );
        Answer::read(&text).expect("an answer")
    }

    #[test]
    fn lists_of_texts_and_label_sets() {
        let read = |text| Answer::read(text).expect("an answer");
        let one = read(r#"{"data":["a",{"y":"2","x":"1"}]}"#);
        assert_eq!(one, read(r#"{"data":[{"x":"1","y":"2"},"a"]}"#));
        assert_eq!(one.point_count(), 2);
        assert!(one.difference(&read(r#"{"data":["a","b"]}"#)).is_some());
    }

    #[test]
    fn differences_are_relative() {
        let one = matrix("1000000000");
        assert_eq!(one.point_count(), 2);
        assert_eq!(one.difference(&matrix("1000000000.9")), None);
        let told = one.difference(&matrix("1000000002")).expect("a difference");
        assert_eq!(
            told,
            r#"{"a":"1","b":"2"}: 1000000000 at 1500, not 1000000002 at 1500"#
        );
        assert!(one.difference(&Answer::default()).is_some());
    }

    #[test]
    fn rows_are_compared_by_their_values() {
        let rows = r#"{"data":{"rows":[{"host":"a","v":1.5},{"host":"b","v":null,"w":7}]}}"#;
        let rows = Answer::read_rows(rows).expect("rows");
        assert_eq!(rows.point_count(), 2);
        let vector = r#"{"data":{"result":[{"metric":{},"value":[5,"7"]},{"metric":{"a":"1"},"value":[5,"1.5"]}]}}"#;
        let vector = Answer::read(vector).expect("an answer");
        assert_eq!(rows.difference_of_values(&vector), None);
        assert!(rows.difference_of_values(&matrix("7")).is_some());
        assert!(Answer::read_rows("{}").is_err());
    }
}
