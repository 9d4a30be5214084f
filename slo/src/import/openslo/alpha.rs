//! OpenSLO v1alpha: SLOs whose objectives have the queries.

use narthex_settings::{Keys, Node};

use super::indicator::{alpha_ratio, alpha_threshold};
use super::objective::{Method, budgeting, good};
use crate::import::common::{self, described, fraction, metadata, slug};
use crate::load::Placed;
use crate::native::{check_date, check_zone};
use crate::spec::{Calendar, CalendarUnit, Objective, Rolling, Slo, Weekday, Window};
use crate::time::{DAY_MS, MINUTE_MS};

/// Reads a document; a service is nothing to be measured.
pub(super) fn read(root: &Node<'_>) -> Option<Vec<Placed>> {
    let keys = root.keys(&["apiVersion", "kind", "metadata", "spec"])?;
    let is_slo = keys
        .need("kind")?
        .one_of(&[("SLO", true), ("Service", false)])?;
    let metadata = metadata(&keys, &["displayName", "labels"])?;
    if !is_slo {
        return Some(Vec::new());
    }
    let spec = keys.need("spec")?.keys(&[
        "description",
        "service",
        "indicator",
        "timeWindows",
        "budgetingMethod",
        "objectives",
    ])?;
    let id = common::id(root, &slug(&metadata.name))?;
    let service = spec.need("service")?.text()?;
    let window = window(&spec)?;
    let list = spec.need("objectives")?;
    let nodes = list.list()?;
    if nodes.is_empty() {
        return list.expected("at least one objective");
    }
    let several = nodes.len() > 1;
    let slos = nodes.iter().enumerate().map(|(at, node)| {
        let part = several.then(|| part(node, at));
        let with_part = |name: &str| match &part {
            Some(part) => format!("{name}-{part}"),
            None => name.to_owned(),
        };
        let mut slo = common::slo(
            with_part(&id),
            &service,
            &with_part(&metadata.name),
            0.5,
            window.nominal_ms(),
        );
        slo.windows = vec![window.clone()];
        slo.labels.clone_from(&metadata.labels);
        let (name, text) = (&metadata.display_name, spec.text_or_empty("description"));
        let own = node.any_keys()?.text_or_empty("displayName");
        slo.description = described([name, &text, &own]);
        objective(&mut slo, node, &spec)?;
        let place = node.place();
        Some(Placed { slo, place })
    });
    slos.collect()
}

/// What tells an objective from others.
fn part(node: &Node<'_>, at: usize) -> String {
    let name = node
        .value()
        .get("displayName")
        .and_then(|name| name.as_str());
    match slug(name.unwrap_or_default()) {
        empty if empty.is_empty() => (at + 1).to_string(),
        name => name,
    }
}

fn objective(slo: &mut Slo, node: &Node<'_>, spec: &Keys<'_>) -> Option<()> {
    let keys = node.keys(&[
        "displayName",
        "op",
        "value",
        "target",
        "timeSliceTarget",
        "timeSliceWindow",
        "ratioMetrics",
    ])?;
    let method = match spec.get("budgetingMethod") {
        Some(node) => node.one_of(&[
            ("Occurrences", Method::Occurrences),
            ("Timeslices", Method::Timeslices),
        ])?,
        None => Method::Occurrences,
    };
    slo.objective = Objective {
        target: fraction(&keys.need_as("target", "a fraction such as 0.999")?)?,
        // v1alpha has no length of slices.
        budgeting: budgeting(&keys, method, Some(MINUTE_MS))?,
    };
    let good = match keys.has("value") {
        true => Some(good(&keys)?),
        false => None,
    };
    if let Some(ratio) = keys.get("ratioMetrics") {
        return alpha_ratio(slo, &ratio);
    }
    let Some(indicator) = spec.get("indicator") else {
        return node.problem("has no indicator, expected ratioMetrics, or indicator in the SLO");
    };
    let indicator = indicator.keys(&["thresholdMetric"])?;
    alpha_threshold(slo, &indicator.need("thresholdMetric")?, good)
}

/// The value of `timeWindows`: a list of one.
fn window(spec: &Keys<'_>) -> Option<Window> {
    let node = spec.need_as("timeWindows", "a list of one window")?;
    let list = node.list()?;
    let [one] = list.as_slice() else {
        return node.problem(format_args!("{} windows, expected exactly one", list.len()));
    };
    let keys = one.keys(&["unit", "count", "isRolling", "calendar"])?;
    let units = [
        ("Second", 1_000),
        ("Minute", MINUTE_MS),
        ("Hour", 60 * MINUTE_MS),
        ("Day", DAY_MS),
        ("Week", 7 * DAY_MS),
        ("Month", 30 * DAY_MS),
        ("Quarter", 91 * DAY_MS),
        ("Year", 365 * DAY_MS),
    ];
    let unit_node = keys.need_as("unit", "Day, Week, Month, Quarter or Year")?;
    let unit_ms = unit_node.one_of(&units)?;
    let count_node = keys.need_as("count", "a whole number")?;
    let count = count_node
        .value()
        .as_i64()
        .filter(|count| (1..=100_000).contains(count));
    let Some(count) = count else {
        return count_node.expected("a whole number above 0");
    };
    if let Some(calendar) = keys.get("calendar") {
        return period(&unit_node, &count_node, count, &calendar).map(Window::Calendar);
    }
    if unit_ms > 7 * DAY_MS {
        let days = count * unit_ms / DAY_MS;
        unit_node.note(format_args!(
            "a rolling window of months is read as {days} days"
        ));
    }
    Some(Window::Rolling(Rolling {
        ms: count * unit_ms,
    }))
}

fn period(
    unit: &Node<'_>,
    count_node: &Node<'_>,
    count: i64,
    calendar: &Node<'_>,
) -> Option<Calendar> {
    let unit = unit.one_of(&[
        ("Day", CalendarUnit::Day),
        ("Week", CalendarUnit::Week),
        ("Month", CalendarUnit::Month),
        ("Quarter", CalendarUnit::Quarter),
        ("Year", CalendarUnit::Year),
    ])?;
    if count != 1 {
        return count_node.expected("1, a period of the calendar");
    }
    let keys = calendar.keys(&["startTime", "timeZone"])?;
    let start = keys.need("startTime")?;
    if let Err(message) = check_date(&start.text()?) {
        return start.problem(message);
    }
    let zone_node = keys.need("timeZone")?;
    let zone = zone_node.text()?;
    if let Err(message) = check_zone(&zone) {
        return zone_node.problem(message);
    }
    start.note("periods begin as the calendar's do: weeks on Monday, years in January");
    Some(Calendar {
        unit,
        zone,
        week_start: Weekday::Monday,
        first_month: 1,
    })
}
