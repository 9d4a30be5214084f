//! The words of a report, for who meets them for the first time.

use maud::{Markup, html};

use crate::outcome::State;
use crate::report::html::summary::chip;

const WORDS: [(&str, &str); 6] = [
    (
        "Promise (service level objective, SLO)",
        "How good a service is meant to be, as a share of what it does over a window of time.",
    ),
    (
        "Error budget",
        "What may be bad without breaking the promise: at a target of 99.9 %, one event in a thousand. It is there to be spent; when it is \
         gone, the promise is broken.",
    ),
    (
        "Burn rate",
        "How fast the budget is spent. At 1× it lasts exactly as long as the window, at 10× a tenth of it.",
    ),
    (
        "Even pace",
        "The line on which the budget would be used up just at the end of the window. Below it, it is spent too fast.",
    ),
    (
        "Incident",
        "A stretch of time in which the budget burnt faster than allowed. Its cost is the share of the budget that it took.",
    ),
    (
        "Observed (coverage)",
        "The share of the time of which there are data. What was not observed is not called good.",
    ),
];

const STATES: [(State, &str); 4] = [
    (State::Meeting, "The promise is kept."),
    (
        State::AtRisk,
        "Kept so far, with less than a quarter of the budget left or with the budget burning too fast to last.",
    ),
    (
        State::Blown,
        "More than the whole budget is spent: the promise is broken.",
    ),
    (State::Unknown, "Too little was observed to tell."),
];

/// What the words mean.
pub(super) fn glossary() -> Markup {
    html! {
        section.glossary aria-labelledby="words" {
            h2 id="words" { "Words" }
            dl {
                @for (word, meaning) in WORDS { dt { (word) } dd { (meaning) } }
                @for (state, meaning) in STATES { dt { (chip(state)) } dd { (meaning) } }
            }
        }
    }
}
