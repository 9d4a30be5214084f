//! How much of a budget is left, as a bar the size of a word.

use maud::{Markup, html};

use crate::outcome::State;
use crate::report::svg::Px;
use crate::report::svg::icon::class;

const LENGTH: f64 = 72.0;

/// Full at first, empty when all is spent, hatched when more than all is. The number stands beside it.
pub(crate) fn bar(remaining: Option<f64>, state: State) -> Markup {
    let left = remaining.unwrap_or(0.0).clamp(0.0, 1.0);
    let over = remaining.is_some_and(|left| left < 0.0);
    html! {
        svg class={ "bar " (class(state)) } viewBox={ "0 0 " (LENGTH) " 8" } width=(LENGTH) height="8" aria-hidden="true" {
            rect.groove x=".5" y=".5" width=(LENGTH - 1.0) height="7" rx="2" {}
            @if over {
                rect x=".5" y=".5" width=(LENGTH - 1.0) height="7" rx="2" fill="url(#overspent)" {}
            } @else if left > 0.0 {
                rect.fill x=".5" y=".5" width=(Px((left * (LENGTH - 1.0)).max(1.0))) height="7" rx="2" {}
            }
        }
    }
}
