//! Pictures, as SVG that stands in a page and takes its colours from the page's style sheet.

pub(crate) mod bar;
pub(crate) mod burn_down;
pub(crate) mod heat_map;
pub(crate) mod history;
pub(crate) mod icon;
mod scale;

use maud::{Markup, Render, html};

/// The width that pictures are drawn in; the page makes it fit.
const WIDTH: f64 = 960.0;
/// Where what is drawn begins and ends, beside the axes' labels.
const LEFT: f64 = 56.0;
const RIGHT: f64 = WIDTH - 12.0;

/// A length with one decimal: enough for a screen, and a third of the bytes.
struct Px(f64);

impl Render for Px {
    fn render_to(&self, buffer: &mut String) {
        let text = format!("{:.1}", self.0);
        buffer.push_str(text.strip_suffix(".0").unwrap_or(&text));
    }
}

/// Points of a line or an area.
struct Points(Vec<(f64, f64)>);

impl Render for Points {
    fn render_to(&self, buffer: &mut String) {
        for (i, (x, y)) in self.0.iter().enumerate() {
            if i > 0 {
                buffer.push(' ');
            }
            Px(*x).render_to(buffer);
            buffer.push(',');
            Px(*y).render_to(buffer);
        }
    }
}

/// Rectangles of one kind as the path of one element.
#[derive(Default)]
struct Cells(String);

impl Cells {
    fn add(&mut self, x: f64, y: f64, width: f64, height: f64) {
        use std::fmt::Write as _;
        let (x, y, width, height) = (
            Px(x).render().0,
            Px(y).render().0,
            Px(width).render().0,
            Px(height).render().0,
        );
        let _ = write!(self.0, "M{x} {y}h{width}v{height}h-{width}z");
    }
}

/// Patterns that pictures share: stands once in a page.
pub(crate) fn patterns() -> Markup {
    html! {
        svg.patterns aria-hidden="true" width="0" height="0" {
            defs {
                pattern id="unobserved" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                    rect.hatch-ground width="5" height="5" {}
                    rect.hatch-line width="1.4" height="5" {}
                }
                pattern id="overspent" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)" {
                    rect.over-ground width="5" height="5" {}
                    rect.over-line width="2" height="5" {}
                }
            }
        }
    }
}
