//! In which hours a budget was spent: days from left to right, hours from top to bottom.

use jiff::civil::Date;
use maud::{Markup, html};

use crate::outcome::{HeatCell, HeatDay, HeatMap};
use crate::report::numbers;
use crate::report::svg::{Cells, LEFT, Px, RIGHT, WIDTH};
use crate::spec::complement;

const TOP: f64 = 8.0;
const ROW: f64 = 9.0;
const BOTTOM: f64 = TOP + 24.0 * ROW;
const HEIGHT: f64 = BOTTOM + 26.0;

/// A day is no wider than this, so that a week is not a wall.
const COLUMN_MAX: f64 = 40.0;
/// More days than this are more than can be told apart.
const DAYS_MAX: usize = 184;

/// How fast the budget burnt in an hour; the order is that of their darkness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heat {
    /// Not a single bad event.
    Nothing,
    /// No faster than allowed.
    Allowed,
    /// Up to six times.
    Fast,
    /// Up to 14.4 times.
    Faster,
    /// Faster than that: a thirty-day budget would be gone in two days.
    Fastest,
}

impl Heat {
    /// All of them, from light to dark.
    pub(crate) const ALL: [Self; 5] = [
        Self::Nothing,
        Self::Allowed,
        Self::Fast,
        Self::Faster,
        Self::Fastest,
    ];

    fn of(burn_rate: f64) -> Self {
        match burn_rate {
            rate if rate <= 0.0 => Self::Nothing,
            rate if rate <= 1.0 => Self::Allowed,
            rate if rate <= 6.0 => Self::Fast,
            rate if rate <= 14.4 => Self::Faster,
            _ => Self::Fastest,
        }
    }

    /// The class of its colour.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Nothing => "heat0",
            Self::Allowed => "heat1",
            Self::Fast => "heat2",
            Self::Faster => "heat3",
            Self::Fastest => "heat4",
        }
    }

    /// What the legend says.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::Nothing => "nothing bad",
            Self::Allowed => "within budget (up to 1×)",
            Self::Fast => "1–6×",
            Self::Faster => "6–14.4×",
            Self::Fastest => "over 14.4×",
        }
    }
}

/// An hour in its place.
struct Placed<'a> {
    cell: &'a HeatCell,
    date: &'a str,
    day: usize,
    hour: usize,
    /// How many times faster than allowed the budget burnt; `None`: nothing counted.
    burn_rate: Option<f64>,
}

/// All hours that are known.
pub(crate) fn cells(map: &HeatMap) -> impl Iterator<Item = &HeatCell> {
    map.days.iter().flat_map(|day| day.hours.iter().flatten())
}

/// Draws it; nothing if there are no days.
pub(crate) fn heat_map(map: &HeatMap, target: f64, id: &str) -> Markup {
    let days = map.days.get(map.days.len().saturating_sub(DAYS_MAX)..);
    let days = days.unwrap_or_default();
    let placed = place(days, complement(target));
    let width = ((RIGHT - LEFT) / days.len().max(1) as f64).min(COLUMN_MAX);
    html! {
        @if !days.is_empty() {
            svg.picture.heat-map viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-labelledby={ (id) "-title " (id) "-desc" } {
                title id={ (id) "-title" } { "How fast the error budget burnt, hour by hour" }
                desc id={ (id) "-desc" } { (description(&placed)) }
                (unmarked(&placed, width))
                @for hot in placed.iter().filter(|p| p.burn_rate.is_some_and(|r| r > 1.0)) {
                    (marked(hot, width))
                }
                @for hour in [0, 6, 12, 18] {
                    text.label x=(LEFT - 7.0) y=(Px(TOP + f64::from(hour) * ROW + 9.0)) text-anchor="end" { (format!("{hour:02}:00")) }
                }
                (days_axis(days, width))
            }
        }
    }
}

fn place(days: &[HeatDay], allowed: f64) -> Vec<Placed<'_>> {
    let mut placed = Vec::new();
    for (i, day) in days.iter().enumerate() {
        let known = day.hours.iter().enumerate();
        let known = known.filter_map(|(hour, cell)| Some((hour, cell.as_ref()?)));
        placed.extend(known.map(|(hour, cell)| Placed {
            cell,
            date: &day.date,
            day: i,
            hour,
            burn_rate: cell.attained.map(|attained| (1.0 - attained) / allowed),
        }));
    }
    placed
}

fn description(placed: &[Placed<'_>]) -> String {
    let over = placed
        .iter()
        .filter(|p| p.burn_rate.is_some_and(|r| r > 1.0));
    let worst = placed
        .iter()
        .max_by(|a, b| a.cell.cost.total_cmp(&b.cell.cost));
    let worst = worst
        .filter(|p| p.cell.cost > 0.0)
        .map(|p| format!(" The costliest: {}.", said(p)));
    format!(
        "Of {} hours, {} burnt faster than allowed.{}",
        placed.len(),
        over.count(),
        worst.unwrap_or_default()
    )
}

/// `2026-11-09 10:00, 48.4×, cost 12 % of the budget`
fn said(placed: &Placed<'_>) -> String {
    format!(
        "{} {:02}:00, {}, cost {} of the budget",
        placed.date,
        placed.hour,
        placed
            .burn_rate
            .map_or_else(|| numbers::NONE.to_owned(), numbers::factor),
        numbers::share(placed.cell.cost),
    )
}

/// Hours of which there is no more to say than their kind, in one path each.
fn unmarked(placed: &[Placed<'_>], width: f64) -> Markup {
    let (mut unobserved, mut quiet) = (Cells::default(), Cells::default());
    let mut calm = [Cells::default(), Cells::default()];
    for hour in placed {
        let cells = match hour.burn_rate {
            None if hour.cell.coverage < 0.5 => &mut unobserved,
            None => &mut quiet,
            Some(rate) if rate <= 0.0 => &mut calm[0],
            Some(rate) if rate <= 1.0 => &mut calm[1],
            Some(_) => continue,
        };
        let (x, y, w, h) = rectangle(hour, width);
        cells.add(x, y, w, h);
    }
    html! {
        @if !unobserved.0.is_empty() { path.heat-none fill="url(#unobserved)" d=(unobserved.0) {} }
        @if !quiet.0.is_empty() { path.heat-quiet d=(quiet.0) {} }
        @for (heat, cells) in [Heat::Nothing, Heat::Allowed].iter().zip(&calm) {
            @if !cells.0.is_empty() { path class=(heat.class()) d=(cells.0) {} }
        }
    }
}

/// Where an hour is, with a gap to its neighbours.
fn rectangle(placed: &Placed<'_>, width: f64) -> (f64, f64, f64, f64) {
    let gap = (width * 0.12).min(1.5);
    let x = LEFT + placed.day as f64 * width;
    let y = TOP + placed.hour as f64 * ROW;
    (x, y, width - gap, ROW - 1.0)
}

/// An hour that burnt too fast: says how fast, and has a dot besides its colour if it was very fast.
fn marked(placed: &Placed<'_>, width: f64) -> Markup {
    let (x, y, w, h) = rectangle(placed, width);
    let heat = Heat::of(placed.burn_rate.unwrap_or_default());
    html! {
        g {
            title { (said(placed)) }
            rect class=(heat.class()) x=(Px(x)) y=(Px(y)) width=(Px(w)) height=(Px(h)) {}
            @if heat == Heat::Fastest {
                circle.heat-dot cx=(Px(x + w / 2.0)) cy=(Px(y + h / 2.0)) r=(Px((h * 0.25).min(w * 0.3))) {}
            }
        }
    }
}

/// A mark at every so many days, with room for their names.
fn days_axis(days: &[HeatDay], width: f64) -> Markup {
    let steps = [1, 2, 5, 7, 14, 30];
    let step = steps.into_iter().find(|step| *step as f64 * width >= 60.0);
    html! {
        @for (i, day) in days.iter().enumerate().step_by(step.unwrap_or(61)) {
            @let x = LEFT + i as f64 * width;
            line.tick x1=(Px(x)) y1=(BOTTOM) x2=(Px(x)) y2=(BOTTOM + 5.0) {}
            @if x <= RIGHT - 30.0 {
                text.label x=(Px(x)) y=(BOTTOM + 19.0) { (name(&day.date)) }
            }
        }
    }
}

/// `9 Nov` of `2026-11-09`.
fn name(date: &str) -> String {
    let read = date.parse::<Date>();
    read.map_or_else(
        |_| date.to_owned(),
        |date| date.strftime("%-d %b").to_string(),
    )
}
