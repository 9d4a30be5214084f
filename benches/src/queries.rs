//! The queries, as data, and how long each takes.

use jiff::Timestamp;
use narthex_model::{Error, Result, TimestampMs, parse_duration};
use serde::Deserialize;

use crate::answer::Answer;
use crate::peers::{Kind, System};

/// The word that says that VictoriaMetrics must give the same answer.
const SAME: &str = "same";

/// Quick queries are asked until they took this long together, at most [`RUNS_MAX`] times.
const TIMED_SECONDS_MIN: f64 = 0.3;
const RUNS_MAX: usize = 60;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    query: Vec<Query>,
}

/// A query and the time it is asked for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    pub(crate) name: String,
    pub(crate) query: String,
    /// What is asked for below `/api/v1/` if it is no query: the series that the selector `query` matches, their labels, or
    /// values of these; an empty selector is left out.
    pub(crate) metadata: Option<String>,
    /// What Narthex is asked in place of `query`; `$middle` and `$end` stand for times of the data.
    sql: Option<String>,
    /// None for an instant.
    span: Option<String>,
    step: Option<String>,
    /// [`SAME`], or why VictoriaMetrics may answer otherwise.
    victoriametrics: String,
}

impl Query {
    /// Reads a list of queries.
    pub(crate) fn read_all(text: &str) -> Result<Vec<Self>> {
        let file: File = toml::from_str(text)
            .map_err(|e| Error::invalid("bad list of queries").with_source(e))?;
        file.query
            .iter()
            .try_for_each(|query| query.range().map(drop))?;
        Ok(file.query)
    }

    /// A query for one instant.
    pub(crate) fn instant(query: String) -> Self {
        let (name, victoriametrics) = (query.clone(), SAME.to_owned());
        Self {
            name,
            query,
            metadata: None,
            sql: None,
            span: None,
            step: None,
            victoriametrics,
        }
    }

    /// Span and step in milliseconds; `None` for an instant.
    pub(crate) fn range(&self) -> Result<Option<(i64, i64)>> {
        let read = |text: &str| {
            parse_duration(text).map_err(|e| Error::invalid(self.name.clone()).with_source(e))
        };
        match (&self.span, &self.step) {
            (Some(span), Some(step)) => Ok(Some((read(span)?, read(step)?))),
            (None, None) => Ok(None),
            _ => Err(Error::invalid(format!(
                "{}: span and step go together",
                self.name
            ))),
        }
    }

    /// The SQL statement that `kind` is asked in place of PromQL, for data of these times.
    pub(crate) fn sql(
        &self,
        kind: Kind,
        first_ms: TimestampMs,
        end_ms: TimestampMs,
    ) -> Option<String> {
        let sql = self.sql.as_ref().filter(|_| kind == Kind::Narthex)?;
        let time = |ms| format!("'{}'", Timestamp::from_millisecond(ms).unwrap_or_default());
        Some(
            sql.replace("$middle", &time(first_ms.midpoint(end_ms)))
                .replace("$end", &time(end_ms)),
        )
    }

    /// Whether `kind` answers with rows.
    pub(crate) fn is_sql(&self, kind: Kind) -> bool {
        self.sql.is_some() && kind == Kind::Narthex
    }

    /// Whether `kind` must answer as Prometheus does; else why it need not.
    pub(crate) fn must_agree(&self, kind: Kind) -> std::result::Result<(), &str> {
        if kind == Kind::VictoriaMetrics && self.victoriametrics != SAME {
            return Err(&self.victoriametrics);
        }
        Ok(())
    }
}

/// How one system did with one query.
#[derive(Debug, Clone, Default)]
pub(crate) struct Timing {
    /// Seconds of the first run.
    pub(crate) first: f64,
    /// Median of the others, in seconds.
    pub(crate) median: f64,
    /// Processor time of one run, in seconds; exact to the kernel's tick over all runs.
    pub(crate) cpu: f64,
    pub(crate) answer: Answer,
}

/// Asks `query` once to warm up, then at least `runs` times.
pub(crate) async fn time(
    system: &System,
    query: &Query,
    first_ms: TimestampMs,
    end_ms: TimestampMs,
    runs: usize,
) -> Result<Timing> {
    let (first, text) = system.client.ask(query, first_ms, end_ms).await?;
    let answer = match query.is_sql(system.kind()) {
        true => Answer::read_rows(&text)?,
        false => Answer::read(&text)?,
    };
    let cpu_before = system.process.cpu_seconds();
    let mut seconds = Vec::new();
    while seconds.len() < runs
        || (seconds.iter().sum::<f64>() < TIMED_SECONDS_MIN && seconds.len() < RUNS_MAX)
    {
        seconds.push(system.client.ask(query, first_ms, end_ms).await?.0);
    }
    let cpu = (system.process.cpu_seconds() - cpu_before) / seconds.len() as f64;
    Ok(Timing {
        first,
        median: median(&mut seconds),
        cpu,
        answer,
    })
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_well_formed() {
        let lists = [
            (include_str!("../queries/fleet.toml"), 15),
            (include_str!("../queries/cardinality.toml"), 19),
            (include_str!("../queries/dashboard.toml"), 7),
            (include_str!("../queries/prometheus.toml"), 49),
            (include_str!("../queries/thanos.toml"), 71),
            (include_str!("../queries/tsbs.toml"), 15),
        ];
        for (list, count) in lists {
            let list = Query::read_all(list).expect("well formed");
            assert_eq!(list.len(), count);
            let same = |q: &&Query| q.must_agree(Kind::VictoriaMetrics).is_ok();
            let same = list.iter().filter(same).count();
            assert!(
                same * 3 >= count,
                "{same} are compared with VictoriaMetrics"
            );
            assert!(list.iter().all(|q| q.must_agree(Kind::Narthex).is_ok()));
        }
        let half = "[[query]]\nname='x'\nquery='y'\nspan='1h'\nvictoriametrics='same'";
        assert!(Query::read_all(half).is_err());
    }

    #[test]
    fn sql_is_for_narthex_alone() {
        let list = "[[query]]\nname='x'\nquery='y'\nsql='timestamp < $end'\nvictoriametrics='same'";
        let list = Query::read_all(list).expect("well formed");
        let sql = |kind| list[0].sql(kind, 0, 86_400_000);
        let wanted = "timestamp < '1970-01-02T00:00:00Z'";
        assert_eq!(sql(Kind::Narthex).as_deref(), Some(wanted));
        assert_eq!(sql(Kind::Prometheus), None);
    }
}
