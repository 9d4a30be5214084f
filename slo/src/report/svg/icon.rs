//! The sign of a state: told by its shape as well as by its colour.

use maud::{Markup, html};

use crate::outcome::State;

/// The class of a state's colour.
pub(crate) fn class(state: State) -> &'static str {
    match state {
        State::Meeting => "meeting",
        State::AtRisk => "at-risk",
        State::Blown => "blown",
        State::Unknown => "unknown",
    }
}

/// A tick, a warning triangle, a cross or a question mark, 16 units wide.
pub(crate) fn shape(state: State) -> Markup {
    html! {
        @match state {
            State::Meeting => {
                circle.solid cx="8" cy="8" r="7.5" {}
                path.mark d="M4.5 8.3l2.5 2.6 4.6-5.2" {}
            }
            State::AtRisk => {
                path.solid d="M8 .8l7.6 14H.4z" {}
                path.mark d="M8 5.6v4.2M8 12v.6" {}
            }
            State::Blown => {
                rect.solid x=".5" y=".5" width="15" height="15" rx="3" {}
                path.mark d="M4.8 4.8l6.4 6.4M11.2 4.8l-6.4 6.4" {}
            }
            State::Unknown => {
                circle.hollow cx="8" cy="8" r="6.8" {}
                path.ask d="M5.9 6.2c.1-2.7 4.3-2.6 4.2-.1 0 1.700-2.100 1.600-2.100 3.300M8 11.500v.5" {}
            }
        }
    }
}

/// The sign alone; the word stands beside it.
pub(crate) fn icon(state: State) -> Markup {
    html! {
        svg class={ "icon " (class(state)) } viewBox="0 0 16 16" width="14" height="14" aria-hidden="true" { (shape(state)) }
    }
}
