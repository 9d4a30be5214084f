//! From meters to what a report says of an SLO: every window, group, picture and period asked once.

use narthex_model::{Labels, Result, TimeRange, TimestampMs};

use crate::budget::{self, IncidentRule, Meter, View};
use crate::generation::generation;
use crate::outcome::Outcome;
use crate::report::{BurnRate, Drawn, SloReport};
use crate::spec::{BurnTier, Calendar, CalendarUnit, Slo, Trigger, Weekday, Window};
use crate::time::Periods;

/// More points than this are more than a picture can show.
const POINTS: usize = 480;

/// What is asked, and whom.
#[derive(Debug, Clone, Copy)]
pub struct Measured<'a> {
    /// The promise.
    pub slo: &'a Slo,
    /// All groups together.
    pub meter: &'a Meter,
    /// Each group, if the SLO is grouped.
    pub groups: &'a [(Labels, Meter)],
    /// The instant that the report tells of.
    pub at: TimestampMs,
    /// The IANA name of the zone of its hours, and of its months where the SLO has no calendar window.
    pub zone: &'a str,
    /// How many calendar periods to look back, the one that is not over included.
    pub periods: usize,
}

impl Measured<'_> {
    /// What came of it. Other methods are left out: they need the slices themselves.
    ///
    /// # Errors
    /// If a zone is not known.
    pub fn report(&self) -> Result<SloReport> {
        let outcomes = self.outcomes()?;
        let first = outcomes.first().map(|outcome| outcome.span);
        let known = self.meter.known();
        let rule = IncidentRule::default();
        Ok(SloReport {
            slo: self.slo.clone(),
            generation: generation(self.slo).to_string(),
            data: (!known.is_empty()).then_some(known),
            compared: Vec::new(),
            burn_rates: self.burn_rates(),
            burn_downs: self.burn_downs()?,
            heat_map: first
                .map(|span| budget::heat_map(self.meter, span, self.zone))
                .transpose()?,
            history: self.history()?,
            incidents: first
                .map_or_else(Vec::new, |span| budget::incidents(self.meter, span, rule)),
            notes: Vec::new(),
            outcomes,
        })
    }

    fn assess(&self, group: &Labels, meter: &Meter, window: &Window) -> Result<Outcome> {
        budget::assess(self.slo, group, meter, window, self.at)
    }

    fn outcomes(&self) -> Result<Vec<Outcome>> {
        let all = Labels::empty();
        let windows = &self.slo.windows;
        let together = windows.iter().map(|w| self.assess(&all, self.meter, w));
        let apart = windows.iter().flat_map(|w| {
            let groups = self.groups.iter();
            groups.map(move |(group, meter)| self.assess(group, meter, w))
        });
        together.chain(apart).collect()
    }

    fn burn_downs(&self) -> Result<Vec<Drawn>> {
        let drawn = self.slo.windows.iter().map(|window| {
            let down = budget::burn_down(self.meter, window, self.at, POINTS)?;
            let window = window.clone();
            Ok(Drawn { window, down })
        });
        drawn.collect()
    }

    /// The tiers of the policies, with factors for the first window: those of the alerts, which are the same in months of any length.
    fn burn_rates(&self) -> Vec<BurnRate> {
        let window_ms = self.slo.window_ms();
        let mut pairs = Vec::new();
        for policy in &self.slo.policies {
            if let Trigger::Burn {
                tiers,
                scaled_from_ms,
                ..
            } = &policy.trigger
            {
                let factor = |tier: &BurnTier| tier.factor_at(window_ms, *scaled_from_ms);
                let pair = |tier| self.pair(tier, factor(tier), &policy.severity);
                pairs.extend(tiers.iter().map(pair));
            }
        }
        pairs
    }

    fn pair(&self, tier: &BurnTier, threshold: f64, severity: &str) -> BurnRate {
        let over = |ms: i64| {
            let span = TimeRange::new(self.at.saturating_sub(ms), self.at);
            self.meter.burn_rate(span, View::Adjusted)
        };
        BurnRate {
            long_ms: tier.long_ms,
            short_ms: tier.short_ms,
            threshold,
            long: over(tier.long_ms),
            short: over(tier.short_ms),
            severity: severity.to_owned(),
        }
    }

    /// The periods of the first calendar window, or months; those before anything was known are left out.
    fn history(&self) -> Result<Vec<Outcome>> {
        let windows = self.slo.windows.iter();
        let calendar = windows.filter_map(|window| match window {
            Window::Calendar(calendar) => Some(calendar.clone()),
            Window::Rolling(_) => None,
        });
        let calendar = calendar.into_iter().next().unwrap_or_else(|| self.months());
        let periods = Periods::new(&calendar)?;
        let over = periods.before(self.at - 1, self.periods.saturating_sub(1))?;
        let known = self.meter.known();
        let ends = over.into_iter().filter(|period| period.overlaps(&known));
        let ends = ends.map(|period| period.end);
        let window = Window::Calendar(calendar);
        let all = Labels::empty();
        let now = (self.periods > 0).then_some(self.at);
        let outcomes = ends
            .chain(now)
            .map(|end| budget::assess(self.slo, &all, self.meter, &window, end));
        outcomes.collect()
    }

    fn months(&self) -> Calendar {
        Calendar {
            unit: CalendarUnit::Month,
            zone: self.zone.to_owned(),
            week_start: Weekday::Monday,
            first_month: 1,
        }
    }
}
