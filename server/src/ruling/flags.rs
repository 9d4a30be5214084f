//! The settings of rules, named as in Prometheus.

use clap::{ArgAction, Args};
use narthex_rules::eval::Settings;
use narthex_rules::notify::{CAPACITY, NotifierOptions};

use crate::flags::Millis;

/// How alerts are treated.
#[derive(Debug, Clone, Args)]
pub(crate) struct RuleFlags {
    /// How long the server may have been away and alerts that waited or fired go on as if it had not
    #[arg(
        long = "rules.alert.for-outage-tolerance",
        value_name = "DURATION",
        default_value = "1h"
    )]
    outage_tolerance: Millis,

    /// How long an alert waits at least after a restart, if its `for` is as long
    #[arg(
        long = "rules.alert.for-grace-period",
        value_name = "DURATION",
        default_value = "10m"
    )]
    for_grace_period: Millis,

    /// How long an alert that fires is not sent again
    #[arg(
        long = "rules.alert.resend-delay",
        value_name = "DURATION",
        default_value = "1m"
    )]
    resend_delay: Millis,

    /// The URL under which others reach the server: in alerts and templates [default: its address]
    #[arg(long = "web.external-url", value_name = "URL")]
    external_url: Option<String>,

    /// How many alerts wait for one Alertmanager at most; the oldest are dropped
    #[arg(
        long = "alertmanager.notification-queue-capacity",
        value_name = "COUNT",
        default_value_t = CAPACITY
    )]
    queue_capacity: usize,

    /// Send the alerts that wait before the server stops
    #[arg(long = "alertmanager.drain-notification-queue-on-shutdown", value_name = "BOOL", default_value_t = true, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    drain_queue: bool,
}

impl RuleFlags {
    /// How alerts are kept until they are sent.
    pub(crate) fn notifier(&self) -> NotifierOptions {
        NotifierOptions {
            queue_capacity: self.queue_capacity,
        }
    }

    /// Whether alerts that wait are sent before the server stops.
    pub(crate) fn drains(&self) -> bool {
        self.drain_queue
    }

    /// What rules need to know of a server that listens on `address`.
    pub(crate) fn settings(&self, address: &str) -> Settings {
        let url = self.external_url.as_deref();
        let settings = Settings {
            resend_delay_ms: self.resend_delay.0,
            for_grace_ms: self.for_grace_period.0,
            outage_tolerance_ms: self.outage_tolerance.0,
            ..Settings::default()
        };
        settings.with_external_url(url.unwrap_or(&format!("http://{address}")))
    }
}
