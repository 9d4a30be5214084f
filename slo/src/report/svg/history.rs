//! How much of its budget each calendar period spent, as columns beside a line that says: all of it.

use maud::{Markup, html};

use crate::outcome::{Outcome, State};
use crate::report::numbers;
use crate::report::parts::whole;
use crate::report::svg::icon::{class, shape};
use crate::report::svg::{LEFT, Px, RIGHT, WIDTH};
use crate::report::times::Times;
use crate::spec::{CalendarUnit, Window};

const TOP: f64 = 40.0;
const BOTTOM: f64 = 190.0;
const HEIGHT: f64 = 228.0;

/// A column is no higher than this many budgets; its number says the rest.
const SHARE_MAX: f64 = 2.0;

/// Draws periods, oldest first.
pub(crate) fn history(periods: &[Outcome], times: Times<'_>, id: &str) -> Markup {
    let most = periods.iter().filter_map(spent).fold(1.0, f64::max);
    let scale = most.clamp(1.0, SHARE_MAX) * 1.02;
    let y = |share: f64| BOTTOM - share.min(scale) / scale * (BOTTOM - TOP);
    let step = (RIGHT - LEFT) / periods.len().max(1) as f64;
    html! {
        svg.picture viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-labelledby={ (id) "-title " (id) "-desc" } {
            title id={ (id) "-title" } { "Error budget spent in each period" }
            desc id={ (id) "-desc" } { (description(periods, times)) }
            @for share in [0.0, 0.5, 1.0, 1.5, 2.0].into_iter().filter(|share| *share <= scale) {
                line class=(if share == 1.0 { "whole" } else { "grid" }) x1=(LEFT) y1=(Px(y(share))) x2=(RIGHT) y2=(Px(y(share))) {}
                text.label x=(LEFT - 7.0) y=(Px(y(share) + 4.0)) text-anchor="end" { (numbers::share(share)) }
            }
            @for (i, period) in periods.iter().enumerate() {
                (column(period, LEFT + (i as f64 + 0.5) * step, (step * 0.6).min(48.0), &y, times))
            }
        }
    }
}

/// The fraction that was spent, of a period that is not over by what it will have; never less than nothing.
fn spent(period: &Outcome) -> Option<f64> {
    let budget = whole(period);
    period.attained?;
    Some((1.0 - budget.remaining()?).max(0.0))
}

fn description(periods: &[Outcome], times: Times<'_>) -> String {
    let said = periods.iter().map(|period| {
        let share = numbers::share_or_none(spent(period));
        format!("{}: {share}", times.window(period))
    });
    format!("{}.", said.collect::<Vec<_>>().join("; "))
}

fn column(
    period: &Outcome,
    middle: f64,
    width: f64,
    y: &impl Fn(f64) -> f64,
    times: Times<'_>,
) -> Markup {
    let x = middle - width / 2.0;
    let share = spent(period);
    let top = y(share.unwrap_or(0.35));
    let whole = y(1.0);
    let open = period.ends_at > period.span.end;
    let (name, year) = names(period, times);
    html! {
        g class={ "column " (class(period.state)) @if open { " open" } } {
            @match share {
                None => rect.none x=(Px(x)) y=(Px(top)) width=(Px(width)) height=(Px(BOTTOM - top)) fill="url(#unobserved)" {},
                Some(_) => {
                    @let within = top.max(whole);
                    rect.fill x=(Px(x)) y=(Px(within)) width=(Px(width)) height=(Px((BOTTOM - within).max(1.0))) {}
                    @if top < whole {
                        rect x=(Px(x)) y=(Px(top)) width=(Px(width)) height=(Px(whole - top)) fill="url(#overspent)" {}
                    }
                }
            }
            text.value x=(Px(middle)) y=(Px(top - 6.0)) text-anchor="middle" {
                @match share { None => "no data", Some(share) => (numbers::share(share)) }
            }
            @if period.state != State::Meeting {
                g transform={ "translate(" (Px(middle - 7.0)) " " (Px(top - 34.0)) ") scale(.875)" } { (shape(period.state)) }
            }
            text.label x=(Px(middle)) y=(BOTTOM + 17.0) text-anchor="middle" { (name) }
            text.label x=(Px(middle)) y=(BOTTOM + 32.0) text-anchor="middle" { @if open { "so far" } @else { (year) } }
        }
    }
}

/// The name of a period in two short lines.
fn names(period: &Outcome, times: Times<'_>) -> (String, String) {
    let start = period.span.start;
    let by = |format| match times.zoned(start) {
        Some(zoned) => zoned.strftime(format).to_string(),
        None => String::new(),
    };
    let unit = match &period.window {
        Window::Calendar(calendar) => calendar.unit,
        Window::Rolling(_) => CalendarUnit::Day,
    };
    match unit {
        CalendarUnit::Day | CalendarUnit::Week => (by("%-d %b"), by("%Y")),
        CalendarUnit::Month => (by("%b"), by("%Y")),
        CalendarUnit::Quarter => (by("Q%q"), by("%Y")),
        CalendarUnit::Year => (by("%Y"), String::new()),
    }
}
