//! Sloth's windows of alerts: which parts of the budget burn in which time.

use narthex_settings::{Keys, Node};

use crate::import::common::metadata;
use crate::load::Doc;
use crate::policies::google;
use crate::spec::{BurnTier, Trigger};
use crate::time::DAY_MS;

/// The window of the SLOs, and when their alerts hold.
#[derive(Debug)]
pub(super) struct Tiers {
    pub(super) window_ms: i64,
    pub(super) page: Trigger,
    pub(super) ticket: Trigger,
}

/// The windows for SLOs of the wanted length; without a wanted one, those of the only document, or the usual ones of 30 days.
pub(super) fn read(docs: &[&Doc<'_>], wanted_ms: Option<i64>) -> Tiers {
    let read: Vec<_> = docs
        .iter()
        .filter_map(|doc| Some((&doc.root, document(&doc.root)?)))
        .collect();
    let window_ms = match (wanted_ms, read.as_slice()) {
        (Some(ms), _) => ms,
        (None, [(_, only)]) => only.window_ms,
        (None, _) => 30 * DAY_MS,
    };
    let mut found = None;
    for (root, tiers) in read {
        if tiers.window_ms == window_ms && found.is_none() {
            found = Some(tiers);
        } else {
            root.note("not used: the SLOs have another window");
        }
    }
    found.unwrap_or_else(|| usual(window_ms))
}

fn usual(window_ms: i64) -> Tiers {
    let [page, ticket] = ["page", "ticket"].map(|severity| {
        let found = google()
            .into_iter()
            .find(|policy| policy.severity == severity);
        found.map_or_else(|| burn(Vec::new(), window_ms), |policy| policy.trigger)
    });
    Tiers {
        window_ms,
        page,
        ticket,
    }
}

fn burn(tiers: Vec<BurnTier>, window_ms: i64) -> Trigger {
    Trigger::Burn {
        tiers,
        min_bad: 0.0,
        scaled_from_ms: Some(window_ms),
    }
}

fn document(root: &Node<'_>) -> Option<Tiers> {
    let keys = root.keys(&["apiVersion", "kind", "metadata", "spec"])?;
    if keys.has("metadata") {
        metadata(&keys, &[])?;
    }
    let spec = keys.need("spec")?.keys(&["sloPeriod", "page", "ticket"])?;
    let window_ms = spec
        .need_as("sloPeriod", "a duration such as 30d")?
        .duration()?;
    let page = severity(&spec, "page", window_ms);
    let ticket = severity(&spec, "ticket", window_ms);
    Some(Tiers {
        window_ms,
        page: page?,
        ticket: ticket?,
    })
}

fn severity(spec: &Keys<'_>, key: &'static str, window_ms: i64) -> Option<Trigger> {
    let keys = spec.need(key)?.keys(&["quick", "slow"])?;
    let quick = keys.need("quick").and_then(|node| tier(&node, window_ms));
    let slow = keys.need("slow").and_then(|node| tier(&node, window_ms));
    Some(burn(vec![quick?, slow?], window_ms))
}

fn tier(node: &Node<'_>, window_ms: i64) -> Option<BurnTier> {
    let keys = node.keys(&["errorBudgetPercent", "shortWindow", "longWindow"])?;
    let percent_node = keys.need_as("errorBudgetPercent", "a percentage of the budget")?;
    let percent = percent_node.number()?;
    let short = keys.need("shortWindow").and_then(|node| node.duration());
    let long = keys.need("longWindow").and_then(|node| node.duration());
    let (short_ms, long_ms) = (short?, long?);
    if percent <= 0.0 || percent > 100.0 {
        return percent_node.expected("a percentage above 0, at most 100");
    }
    Some(BurnTier {
        // One division: 2 % of 30 days in an hour is 14.4 and nothing near it.
        factor: percent * window_ms as f64 / (100.0 * long_ms as f64),
        long_ms,
        short_ms,
    })
}
