//! `/api/v1/slos`: all SLOs as they stand, the worst first.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use narthex_model::{Matcher, Result};
use narthex_slo::outcome::State as Standing;
use narthex_slo::report::json as report;
use serde_json::{Value, json};

use super::super::answer::{Notes, json, success};
use super::super::matchers::selectors;
use super::super::params::Params;
use super::super::{ApiError, ApiResult};
use super::kept::kept;
use super::tag::{is_known, tag, tagged, unchanged};
use crate::App;
use crate::serve::blocking;
use crate::slos::{Books, Known, standing};
use crate::times::format_time;

/// What has a meaning for reports, and not for how SLOs stand now.
const OF_REPORTS: [&str; 7] = [
    "window",
    "at",
    "tz",
    "periods",
    "group_by",
    "compare_methods",
    "exclusions",
];

/// Those that the parameters choose: `match[]`, `service`, `state`, `limit`.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    params: Params,
) -> ApiResult {
    let wanted = Wanted::read(&params)?;
    if let Some(name) = OF_REPORTS.iter().find(|name| params.get(name).is_some()) {
        let elsewhere = "all are listed as they stand: ask /api/v1/slo/report or one SLO";
        return Err(ApiError::parameter(name, elsewhere));
    }
    let books = app.store()?.slos.books();
    let specs = books.all.iter().map(|known| &known.placed.slo);
    let tag = tag(specs, Some(books.made_at), &format!("{params:?}"));
    if is_known(&headers, &tag) {
        return Ok(unchanged(&tag));
    }
    let body = blocking(move || shown(&books, &wanted)).await?;
    Ok(tagged(json(body), &tag))
}

/// The answer's body.
fn shown(books: &Books, wanted: &Wanted) -> Result<Vec<u8>> {
    let report = standing(books, |known| wanted.wants(known))?;
    let mut chosen = report.worst_first();
    chosen.retain(|slo| wanted.state.is_none_or(|state| slo.state() == state));
    let mut notes = Notes::default();
    if chosen.len() > wanted.limit {
        chosen.truncate(wanted.limit);
        let note = "results truncated due to limit".to_owned();
        notes.warnings.push(note);
    }
    let known = books.all.iter().map(|known| (&*known.placed.slo.id, known));
    let known: HashMap<&str, &Known> = known.collect();
    let slos = chosen.into_iter().filter_map(|slo| {
        let mut entry = report::head(slo);
        entry.extend(kept(known.get(&*slo.slo.id)?));
        entry.insert("windows".to_owned(), report::rows_of(slo, &report).into());
        Some(Value::Object(entry))
    });
    let answer = json!({
        "slos": slos.collect::<Vec<_>>(),
        "summary": report::summary(&report),
        "made_at": format_time(books.made_at),
    });
    Ok(success(&notes, |out| {
        out.extend_from_slice(answer.to_string().as_bytes());
    }))
}

/// Which are wanted.
struct Wanted {
    selectors: Vec<Vec<Matcher>>,
    service: Option<String>,
    state: Option<Standing>,
    limit: usize,
}

impl Wanted {
    fn read(params: &Params) -> ApiResult<Self> {
        Ok(Self {
            selectors: selectors(params)?,
            service: params.get("service").map(str::to_owned),
            state: params.get("state").map(state).transpose()?,
            limit: params.limit()?,
        })
    }

    fn wants(&self, known: &Known) -> bool {
        let slo = &known.placed.slo;
        let value = |name: &str| match name {
            "slo" => slo.id.as_str(),
            "service" => &slo.service,
            "name" => &slo.name,
            _ => slo.labels.get(name).map_or("", String::as_str),
        };
        let matches = |matchers: &Vec<Matcher>| matchers.iter().all(|m| m.accepts(value(m.name())));
        let service = self.service.as_ref();
        service.is_none_or(|service| slo.service == *service)
            && (self.selectors.is_empty() || self.selectors.iter().any(matches))
    }
}

/// The state that is meant; a hyphen or an underscore may stand for the space.
fn state(text: &str) -> ApiResult<Standing> {
    let name = text.replace(['-', '_'], " ");
    let found = Standing::ALL
        .into_iter()
        .find(|state| state.as_str() == name);
    found.ok_or_else(|| ApiError::parameter("state", "expected meeting, at-risk, blown or unknown"))
}
