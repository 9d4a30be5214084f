//! What the table and the Markdown say alike: tables of texts.

use jiff::tz::TimeZone;

use super::{Change, Diff, Effect, Kind, Over, Past, States};
use crate::outcome::Outcome;
use crate::report::numbers;
use crate::report::times::{Times, window_length};
use crate::spec::Slo;

/// A table of texts.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) title: String,
    pub(super) header: &'static [&'static str],
    pub(super) rows: Vec<Vec<String>>,
}

/// `2 added, 1 removed, 3 changed, 12 as before`
pub(super) fn lead(diff: &Diff) -> String {
    let of = |kind| diff.changes.iter().filter(|c| c.kind() == kind).count();
    let (added, removed, changed) = (of(Kind::Added), of(Kind::Removed), of(Kind::Changed));
    format!(
        "{added} added, {removed} removed, {changed} changed, {} as before",
        diff.same
    )
}

/// All tables that have rows.
pub(super) fn tables(diff: &Diff) -> Vec<Table> {
    let mut tables = vec![slos(diff), fields(diff)];
    if let Some(over) = diff.over {
        tables.extend([windows(diff, over), days(diff, over)]);
    }
    tables.retain(|table| !table.rows.is_empty());
    tables
}

fn slos(diff: &Diff) -> Table {
    let row = |change: &Change| {
        let mut kind = change.kind().as_str().to_owned();
        if !change.parts.is_empty() {
            kind = format!("{kind}: its parts {}", change.parts.join(", "));
        }
        vec![
            change.id.clone(),
            kind,
            change.history().as_str().to_owned(),
        ]
    };
    Table {
        title: "SLOs".to_owned(),
        header: &["SLO", "change", "slices"],
        rows: diff.changes.iter().map(row).collect(),
    }
}

fn fields(diff: &Diff) -> Table {
    let text = |side: &Option<String>| side.clone().unwrap_or_else(none);
    let rows = diff.changes.iter().flat_map(|change| {
        let fields = change.fields.iter();
        fields.map(|field| {
            let (before, after) = (text(&field.before), text(&field.after));
            vec![change.id.clone(), field.name.clone(), before, after]
        })
    });
    Table {
        title: "Fields".to_owned(),
        header: &["SLO", "field", "before", "after"],
        rows: rows.collect(),
    }
}

fn windows(diff: &Diff, over: Over) -> Table {
    let rows = diff.changes.iter().flat_map(|change| {
        let measured = change.measured.iter();
        let effects = measured.flat_map(|measured| &measured.effects);
        effects.map(|effect| window(change, effect))
    });
    let at = Times(&TimeZone::UTC).moment(over.at);
    Table {
        title: format!("What comes of it, as of {at}"),
        header: &["SLO", "window", "target", "good", "left", "state"],
        rows: rows.collect(),
    }
}

fn window(change: &Change, effect: &Effect) -> Vec<String> {
    let both = |say: fn(&Outcome) -> String| {
        arrow(
            effect.before.as_ref().map(say),
            effect.after.as_ref().map(say),
        )
    };
    let promised = |slo: &Option<Slo>| {
        let slo = slo.as_ref();
        let slo = slo.filter(|slo| slo.windows.contains(&effect.window));
        slo.map(|slo| numbers::target(slo.objective.target))
    };
    vec![
        change.id.clone(),
        window_length(&effect.window),
        arrow(promised(&change.before), promised(&change.after)),
        both(|outcome| outcome.attained.map_or_else(none, numbers::attained)),
        both(|outcome| numbers::share_or_none(crate::report::whole(outcome).remaining())),
        both(|outcome| outcome.state.as_str().to_owned()),
    ]
}

fn days(diff: &Diff, over: Over) -> Table {
    let rows = diff.changes.iter().filter_map(|change| {
        let past = change.measured.as_ref()?.past?;
        let mut row = vec![change.id.clone()];
        let counts: [fn(&States) -> usize; 5] = [
            |states| states.days,
            |states| states.blown,
            |states| states.at_risk,
            |states| states.unknown,
            |states| states.alerts,
        ];
        row.extend(counts.map(|count| counted(&past, count)));
        Some(row)
    });
    let title = over.past.map(|past| {
        let span = Times(&TimeZone::UTC).span(past);
        format!("In how many days, {span}")
    });
    Table {
        title: title.unwrap_or_default(),
        header: &["SLO", "days", "blown", "at risk", "unknown", "alerts"],
        rows: rows.collect(),
    }
}

fn counted(past: &Past, count: fn(&States) -> usize) -> String {
    let side = |states: &Option<States>| states.as_ref().map(|s| count(s).to_string());
    arrow(side(&past.before), side(&past.after))
}

/// What was before and will be after; once where it is the same.
fn arrow(before: Option<String>, after: Option<String>) -> String {
    let [before, after] = [before, after].map(|side| side.unwrap_or_else(none));
    match before == after {
        true => before,
        false => format!("{before} → {after}"),
    }
}

fn none() -> String {
    numbers::NONE.to_owned()
}
