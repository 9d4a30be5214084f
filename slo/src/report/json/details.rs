//! What is said of an SLO beside the numbers of its windows.

use serde_json::{Map, Value, json};

use crate::outcome::{HeatDay, HeatMap, Incident, Outcome, Spender};
use crate::report::footnotes::footnotes;
use crate::report::json::{fields, long, span};
use crate::report::row::unit;
use crate::report::times::{Times, rfc3339};
use crate::report::{BurnRate, Drawn, Row, SloReport, sentences};

/// All of it.
pub(super) fn slo(report: &SloReport, times: Times<'_>) -> Value {
    let slo = &report.slo;
    let rest = json!({
        "grouped_by": report.grouped_by,
        "windows": slo.windows.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "promise": sentences::promise(slo),
        "standing": sentences::standing_of(report, times),
        "data": span(report.data),
        "burn_rates": report.burn_rates.iter().map(burn_rate).collect::<Vec<_>>(),
        "burn_downs": report.burn_downs.iter().map(burn_down).collect::<Vec<_>>(),
        "hours": report.heat_map.as_ref().map_or_else(Vec::new, hours),
        "history": report.history.iter().map(|period| past(report, period)).collect::<Vec<_>>(),
        "spenders": report.spenders.iter().map(|s| spender(report, s)).collect::<Vec<_>>(),
        "incidents": report.incidents.iter().map(incident).collect::<Vec<_>>(),
        "footnotes": footnotes(report, times),
    });
    let mut object = head(report);
    object.extend(fields(rest));
    Value::Object(object)
}

/// Which promise it is, and the state it is in.
pub fn head(report: &SloReport) -> Map<String, Value> {
    let slo = &report.slo;
    fields(json!({
        "slo": slo.id,
        "service": slo.service,
        "slo_name": slo.name,
        "description": slo.description,
        "labels": slo.labels,
        "group_by": slo.group_by,
        "target": slo.objective.target,
        "method": report.counting().name(),
        "generation": report.generation,
        "state": report.state().as_str(),
    }))
}

/// A period as a row of the long form.
fn past(slo: &SloReport, outcome: &Outcome) -> Value {
    Value::Object(long(&Row::promised(slo, outcome)))
}

fn burn_rate(pair: &BurnRate) -> Value {
    json!({
        "word": pair.word(),
        "severity": pair.severity,
        "threshold": pair.threshold,
        "long_seconds": pair.long_ms as f64 / 1000.0,
        "long": pair.long,
        "short_seconds": pair.short_ms as f64 / 1000.0,
        "short": pair.short,
    })
}

fn burn_down(drawn: &Drawn) -> Value {
    let down = &drawn.down;
    let points = down.points.iter().map(|point| {
        json!({
            "at": rfc3339(point.at),
            "spent": point.spent,
            "rolling_left": point.rolling_left,
            "coverage": point.coverage,
        })
    });
    json!({
        "window_name": drawn.window.to_string(),
        "from": rfc3339(down.span.start),
        "to": rfc3339(down.span.end),
        "budget_unit": unit(down.unit),
        "budget_allowed": down.allowed,
        "budget_projected": down.projected,
        "budget_remaining": drawn.remaining(),
        "points": points.collect::<Vec<_>>(),
    })
}

fn hours(map: &HeatMap) -> Vec<Value> {
    map.days.iter().flat_map(hours_of).collect()
}

/// Those of a day that are known.
fn hours_of(day: &HeatDay) -> impl Iterator<Item = Value> {
    let known = day.hours.iter().enumerate();
    known.filter_map(|(hour, cell)| {
        let cell = cell.as_ref()?;
        Some(json!({
            "date": day.date,
            "hour": hour,
            "attained": cell.attained,
            "cost": cell.cost,
            "coverage": cell.coverage,
        }))
    })
}

fn spender(slo: &SloReport, spender: &Spender) -> Value {
    json!({
        "label": spender.label,
        "value": spender.value,
        "bad": spender.bad,
        "bad_share": spender.bad_share,
        "total": spender.total,
        "total_share": spender.total_share,
        "attained": spender.attained(),
        "cost": slo.cost(spender),
    })
}

fn incident(incident: &Incident) -> Value {
    json!({
        "from": rfc3339(incident.span.start),
        "to": rfc3339(incident.span.end),
        "ongoing": incident.ongoing,
        "cost": incident.cost,
        "bad": incident.bad,
        "peak_burn_rate": incident.peak_burn,
    })
}
