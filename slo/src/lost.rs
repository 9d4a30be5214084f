//! What another form cannot say.

use std::fmt;

use crate::spec::Policy;

/// Something of an SLO that is lost on the way to another form, or means something else there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// The id of the SLO.
    pub slo: String,
    /// Which part of it.
    pub field: &'static str,
    /// What becomes of it.
    pub message: String,
}

/// As `shop-availability: windows: only the first is kept`.
impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.slo, self.field, self.message)
    }
}

/// Gathers what one SLO loses.
#[derive(Debug)]
pub(crate) struct Losses<'a> {
    slo: &'a str,
    all: &'a mut Vec<Lost>,
}

impl<'a> Losses<'a> {
    pub(crate) fn new(slo: &'a str, all: &'a mut Vec<Lost>) -> Self {
        Self { slo, all }
    }

    pub(crate) fn say(&mut self, field: &'static str, message: impl fmt::Display) {
        self.all.push(Lost {
            slo: self.slo.to_owned(),
            field,
            message: message.to_string(),
        });
    }

    /// Says it of a policy, if it is so.
    pub(crate) fn policy_if(&mut self, so: bool, policy: &Policy, message: impl fmt::Display) {
        if so {
            self.say("policies", format_args!("{}: {message}", policy.name));
        }
    }

    /// Says it if it is so.
    pub(crate) fn say_if(&mut self, so: bool, field: &'static str, message: &str) {
        if so {
            self.say(field, message);
        }
    }
}
