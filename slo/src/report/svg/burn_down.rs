//! How a budget was spent: what is left of a fixed whole, from left to right.

use maud::{Markup, html};
use narthex_model::{TimeRange, TimestampMs};

use crate::outcome::{Incident, Outcome};
use crate::report::svg::scale::TimeScale;
use crate::report::svg::{LEFT, Points, Px, RIGHT, WIDTH};
use crate::report::times::Times;
use crate::report::{Drawn, numbers};

const TOP: f64 = 26.0;
const BOTTOM: f64 = 236.0;
const HEIGHT: f64 = 262.0;

/// What is overspent beyond this is said in words.
const LOWEST: f64 = -1.0;

/// Incidents' numbers stand no closer than this.
const NUMBERS_APART: f64 = 17.0;

/// A place in the picture.
type Place = (f64, f64);

/// What is drawn.
pub(crate) struct Picture<'a> {
    /// How the budget was spent.
    pub(crate) drawn: &'a Drawn,
    /// Stretches in which nothing is promised.
    pub(crate) excluded: &'a [TimeRange],
    /// Incidents with their numbers; those outside of the window are left out.
    pub(crate) incidents: &'a [(usize, &'a Incident)],
    /// What came of the window, for where it will end.
    pub(crate) outcome: Option<&'a Outcome>,
    /// The zone of the axis.
    pub(crate) times: Times<'a>,
    /// What tells its parts from those of other pictures of the page.
    pub(crate) id: String,
}

/// Shares of the budget from top to bottom.
#[derive(Clone, Copy)]
struct Shares {
    lowest: f64,
}

impl Shares {
    fn y(self, left: f64) -> f64 {
        let share = (1.0 - left.clamp(self.lowest, 1.0)) / (1.0 - self.lowest);
        TOP + share * (BOTTOM - TOP)
    }
}

/// Draws it.
pub(crate) fn burn_down(picture: &Picture<'_>) -> Markup {
    let scale = TimeScale::new(picture.drawn.down.span);
    let line = line(picture.drawn);
    let lowest = line.last().map_or(1.0, |(_, left)| *left);
    let lowest = lowest.min(projected(picture).map_or(1.0, |(_, left)| left));
    let shares = Shares {
        lowest: ((lowest * 4.0).floor() / 4.0).clamp(LOWEST, 0.0),
    };
    html! {
        svg.picture viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-labelledby={ (picture.id) "-title " (picture.id) "-desc" } {
            title id={ (picture.id) "-title" } { "What was left of the error budget, day by day" }
            desc id={ (picture.id) "-desc" } { (description(picture)) }
            (bands(&picture.drawn.unobserved(), scale, "unobserved"))
            (bands(picture.excluded, scale, "excluded"))
            (incidents(picture.incidents, picture.drawn.down.span, scale))
            (axes(picture.times, scale, shares))
            (areas(&line, scale, shares))
            line.pace x1=(LEFT) y1=(Px(shares.y(1.0))) x2=(RIGHT) y2=(Px(shares.y(0.0))) {}
            (curve(&line, scale, shares))
            @if let (Some(&(at, left)), Some((end, projected))) = (line.last(), projected(picture)) {
                line.projected x1=(Px(scale.x(at))) y1=(Px(shares.y(left))) x2=(Px(scale.x(end))) y2=(Px(shares.y(projected))) {}
                circle.projected-end cx=(Px(scale.x(end))) cy=(Px(shares.y(projected))) r="3.5" {}
            }
            (last(&line, scale, shares))
        }
    }
}

/// In words, for those who do not see it.
fn description(picture: &Picture<'_>) -> String {
    let down = &picture.drawn.down;
    format!(
        "From {}. The whole budget is {}. {} of it is left at the end of what is known.",
        picture.times.span(down.span),
        numbers::amount(down.allowed, down.unit),
        numbers::share_or_none(picture.drawn.remaining()),
    )
}

/// What is left, at instants no closer than half a unit of the picture.
fn line(drawn: &Drawn) -> Vec<(TimestampMs, f64)> {
    let down = &drawn.down;
    if down.allowed <= 0.0 {
        return Vec::new();
    }
    let scale = TimeScale::new(down.span);
    let mut line: Vec<(TimestampMs, f64)> = Vec::new();
    for point in &down.points {
        let left = 1.0 - point.spent;
        match line.as_mut_slice() {
            [_, .., last] if (scale.x(point.at) - scale.x(last.0)).abs() < 0.5 => {
                *last = (last.0, left);
            }
            _ => line.push((point.at, left)),
        }
    }
    line
}

/// When the period ends and what will be left then.
fn projected(picture: &Picture<'_>) -> Option<(TimestampMs, f64)> {
    let outcome = picture.outcome?;
    outcome.projected?;
    let left = picture.drawn.remaining()?;
    let span = outcome.span;
    let passed = span.end.saturating_sub(span.start) as f64;
    let whole = outcome.ends_at.saturating_sub(span.start) as f64;
    let rest = (1.0 - left) * (whole / passed.max(1.0) - 1.0);
    Some((outcome.ends_at, left - rest.max(0.0)))
}

fn bands(stretches: &[TimeRange], scale: TimeScale, class: &str) -> Markup {
    html! {
        @for stretch in stretches {
            @let (x, end) = (scale.x(stretch.start), scale.x(stretch.end));
            rect class={ "band " (class) } x=(Px(x)) y=(TOP) width=(Px((end - x).max(0.5))) height=(BOTTOM - TOP) {}
        }
    }
}

/// Stripes of the costliest first, so that their numbers have room.
fn incidents(incidents: &[(usize, &Incident)], span: TimeRange, scale: TimeScale) -> Markup {
    let mut placed: Vec<f64> = Vec::new();
    html! {
        @for (number, incident) in incidents.iter().filter(|(_, i)| i.span.overlaps(&span)) {
            @let (x, end) = (scale.x(incident.span.start), scale.x(incident.span.end));
            @let width = (end - x).max(1.5);
            rect.incident x=(Px(x)) y=(TOP) width=(Px(width)) height=(BOTTOM - TOP) {}
            @let middle = x + width / 2.0;
            @if free(&mut placed, middle) {
                text.number x=(Px(middle)) y=(TOP - 8.0) text-anchor="middle" { (number) }
            }
        }
    }
}

/// Whether nothing stands too close; then it is taken.
fn free(placed: &mut Vec<f64>, x: f64) -> bool {
    let free = placed
        .iter()
        .all(|other| (other - x).abs() >= NUMBERS_APART);
    if free {
        placed.push(x);
    }
    free
}

fn axes(times: Times<'_>, scale: TimeScale, shares: Shares) -> Markup {
    let quarters = [1.0, 0.75, 0.5, 0.25, 0.0, -0.25, -0.5, -0.75, -1.0];
    let few = shares.lowest < -0.3;
    let shown = |left: &&f64| **left >= shares.lowest && (!few || (**left * 2.0).fract() == 0.0);
    html! {
        @for &left in quarters.iter().filter(shown) {
            @let y = shares.y(left);
            line class=(if left == 0.0 { "zero" } else { "grid" }) x1=(LEFT) y1=(Px(y)) x2=(RIGHT) y2=(Px(y)) {}
            text.label x=(LEFT - 7.0) y=(Px(y + 4.0)) text-anchor="end" { (numbers::share(left)) }
        }
        @for at in scale.midnights(times) {
            @let x = scale.x(at);
            line.tick x1=(Px(x)) y1=(BOTTOM) x2=(Px(x)) y2=(BOTTOM + 5.0) {}
            text.label x=(Px(x.min(RIGHT - 18.0))) y=(BOTTOM + 19.0) text-anchor="middle" { (times.short_day(at)) }
        }
    }
}

/// What is left, filled, and what is overspent, filled otherwise.
fn areas(line: &[(TimestampMs, f64)], scale: TimeScale, shares: Shares) -> Markup {
    let zero = shares.y(0.0);
    let (above, below) = split(&places(line, scale, shares), zero);
    html! {
        polygon.rest points=(Points(closed(above, zero))) {}
        @if !below.is_empty() {
            polygon.over points=(Points(closed(below, zero))) {}
        }
    }
}

fn curve(line: &[(TimestampMs, f64)], scale: TimeScale, shares: Shares) -> Markup {
    html! { polyline.curve points=(Points(places(line, scale, shares))) {} }
}

fn places(line: &[(TimestampMs, f64)], scale: TimeScale, shares: Shares) -> Vec<(f64, f64)> {
    let place = |&(at, left): &(TimestampMs, f64)| (scale.x(at), shares.y(left));
    line.iter().map(place).collect()
}

/// The part down to a height and the part from there on.
fn split(points: &[Place], height: f64) -> (Vec<Place>, Vec<Place>) {
    let cut = points.iter().position(|(_, y)| *y > height);
    let Some(cut) = cut else {
        return (points.to_vec(), Vec::new());
    };
    let (before, after) = points.split_at(cut);
    let (mut above, mut below) = (before.to_vec(), after.to_vec());
    if let (Some(&(x0, y0)), Some(&(x1, y1))) = (before.last(), after.first()) {
        let crossing = (x0 + (x1 - x0) * (height - y0) / (y1 - y0), height);
        above.push(crossing);
        below.insert(0, crossing);
    }
    (above, below)
}

/// An area between a line and a height.
fn closed(mut points: Vec<(f64, f64)>, height: f64) -> Vec<(f64, f64)> {
    if let (Some(&(first, _)), Some(&(last, _))) = (points.first(), points.last()) {
        points.extend([(last, height), (first, height)]);
    }
    points
}

/// The last point, with what is left.
fn last(line: &[(TimestampMs, f64)], scale: TimeScale, shares: Shares) -> Markup {
    let Some(&(at, left)) = line.last() else {
        return html! {};
    };
    let (x, y) = (scale.x(at), shares.y(left));
    let text = match left < 0.0 {
        true => format!("{} overspent", numbers::share(-left)),
        false => format!("{} left", numbers::share(left)),
    };
    let near_end = x > RIGHT - 110.0;
    let (x_text, anchor) = if near_end {
        (x - 8.0, "end")
    } else {
        (x + 9.0, "start")
    };
    // Above the line, which never rises, unless there is no room.
    let y_text = if y > TOP + 24.0 { y - 12.0 } else { y + 20.0 };
    html! {
        circle.last cx=(Px(x)) cy=(Px(y)) r="4" {}
        text.value x=(Px(x_text)) y=(Px(y_text.min(BOTTOM - 4.0))) text-anchor=(anchor) { (text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_where_it_crosses() {
        let (above, below) = split(&[(0.0, 0.0), (10.0, 20.0)], 5.0);
        assert_eq!(above, [(0.0, 0.0), (2.5, 5.0)]);
        assert_eq!(below, [(2.5, 5.0), (10.0, 20.0)]);
    }

    #[test]
    fn a_line_that_does_not_cross_stays_whole() {
        let (above, below) = split(&[(0.0, 0.0), (10.0, 4.0)], 5.0);
        assert_eq!((above.len(), below.len()), (2, 0));
    }

    #[test]
    fn numbers_keep_their_distance() {
        let mut placed = Vec::new();
        assert!(free(&mut placed, 100.0));
        assert!(!free(&mut placed, 110.0));
        assert!(free(&mut placed, 117.0));
    }
}
