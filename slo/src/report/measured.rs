//! From meters to what a report says of an SLO: every window, group, picture and period asked once.

use narthex_model::{Labels, Result, TimeRange, TimestampMs};

use crate::budget::{self, Book, IncidentRule, Meter, View};
use crate::generation::generation;
use crate::outcome::Outcome;
use crate::report::{Asked, BurnRate, Compared, Drawn, Exclusions, SloReport};
use crate::spec::{BurnTier, Calendar, CalendarUnit, Slo, Trigger, Weekday, Window};
use crate::time::Periods;

/// More points than this are more than a picture can show.
const POINTS: usize = 480;

/// What is asked, and whom.
#[derive(Debug, Clone, Copy)]
pub struct Measured<'a> {
    /// The SLO with its slices, as [`Asked::slo`] and [`Asked::book`] make it.
    pub book: &'a Book,
    /// The instant that the report tells of.
    pub at: TimestampMs,
    /// What is to be told.
    pub asked: &'a Asked,
}

impl Measured<'_> {
    /// What came of it.
    ///
    /// # Errors
    /// If a zone is not known.
    pub fn report(&self) -> Result<SloReport> {
        let (slo, meter) = (self.slo(), self.book.all());
        let outcomes = self.outcomes()?;
        let first = outcomes.first().map(|outcome| outcome.span);
        let known = meter.known();
        let known = TimeRange::new(known.start, known.end.min(self.at).max(known.start));
        let rule = IncidentRule::default();
        Ok(SloReport {
            slo: slo.clone(),
            generation: generation(slo).to_string(),
            data: (!known.is_empty()).then_some(known),
            grouped_by: self.book.group_by().to_vec(),
            spenders: first.map_or_else(Vec::new, |span| self.book.spenders(span)),
            compared: self.compared()?,
            without_exclusions: self.without_exclusions()?,
            burn_rates: self.burn_rates(),
            burn_downs: self.burn_downs()?,
            heat_map: first
                .map(|span| budget::heat_map(meter, span, &self.asked.zone))
                .transpose()?,
            history: self.history()?,
            incidents: first.map_or_else(Vec::new, |span| budget::incidents(meter, span, rule)),
            notes: self.notes(),
            outcomes,
        })
    }

    fn slo(&self) -> &Slo {
        self.book.slo()
    }

    fn assess(&self, group: &Labels, meter: &Meter, window: &Window) -> Result<Outcome> {
        budget::assess(self.slo(), group, meter, window, self.at)
    }

    fn outcomes(&self) -> Result<Vec<Outcome>> {
        let windows = &self.slo().windows;
        let apart = windows.iter().flat_map(|w| {
            let groups = self.book.groups().iter();
            groups.map(move |(group, meter)| self.assess(group, meter, w))
        });
        let mut outcomes = self.together(self.slo(), self.book.all())?;
        for outcome in apart {
            outcomes.push(outcome?);
        }
        Ok(outcomes)
    }

    /// All groups together, window by window.
    fn together(&self, slo: &Slo, meter: &Meter) -> Result<Vec<Outcome>> {
        let all = Labels::empty();
        let assess = |window| budget::assess(slo, &all, meter, window, self.at);
        slo.windows.iter().map(assess).collect()
    }

    fn compared(&self) -> Result<Vec<Compared>> {
        let mut compared = Vec::new();
        if self.asked.compare_methods {
            for by in self.book.otherwise() {
                let counting = by.counting;
                for outcome in self.together(&by.slo, &by.meter)? {
                    // Events are the same, whatever is made of them.
                    let events = |view| self.book.all().counts(outcome.span, view);
                    let (counts, raw) = (events(View::Adjusted), events(View::Raw));
                    let outcome = Outcome {
                        counts,
                        raw,
                        ..outcome
                    };
                    compared.push(Compared { counting, outcome });
                }
            }
        }
        Ok(compared)
    }

    fn without_exclusions(&self) -> Result<Vec<Outcome>> {
        let wanted = self.asked.exclusions == Exclusions::Both;
        let meter = self.book.all().without_exclusions().filter(|_| wanted);
        meter.map_or_else(|| Ok(Vec::new()), |meter| self.together(self.slo(), &meter))
    }

    fn notes(&self) -> Vec<String> {
        let left_out = self.asked.exclusions == Exclusions::Off;
        let note = "Exclusions were left out as asked: all time counts.";
        left_out.then(|| note.to_owned()).into_iter().collect()
    }

    fn burn_downs(&self) -> Result<Vec<Drawn>> {
        let drawn = self.slo().windows.iter().map(|window| {
            let down = budget::burn_down(self.book.all(), window, self.at, POINTS)?;
            let window = window.clone();
            Ok(Drawn { window, down })
        });
        drawn.collect()
    }

    /// The tiers of the policies, with factors for the first window: those of the alerts, which are the same in months of any length.
    fn burn_rates(&self) -> Vec<BurnRate> {
        let window_ms = self.slo().window_ms();
        let mut pairs = Vec::new();
        for policy in &self.slo().policies {
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
            let meter = self.book.all();
            meter.burn_rate(meter.last(self.at, ms), View::Adjusted)
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
        let windows = self.slo().windows.iter();
        let calendar = windows.filter_map(|window| match window {
            Window::Calendar(calendar) => Some(calendar.clone()),
            Window::Rolling(_) => None,
        });
        let calendar = calendar.into_iter().next().unwrap_or_else(|| self.months());
        let periods = Periods::new(&calendar)?;
        let over = periods.before(self.at - 1, self.asked.periods.saturating_sub(1))?;
        let known = self.book.all().known();
        let ends = over.into_iter().filter(|period| period.overlaps(&known));
        let ends = ends.map(|period| period.end);
        let window = Window::Calendar(calendar);
        let all = Labels::empty();
        let now = (self.asked.periods > 0).then_some(self.at);
        let outcomes = ends
            .chain(now)
            .map(|end| budget::assess(self.slo(), &all, self.book.all(), &window, end));
        outcomes.collect()
    }

    fn months(&self) -> Calendar {
        Calendar {
            unit: CalendarUnit::Month,
            zone: self.asked.zone.clone(),
            week_start: Weekday::Monday,
            first_month: 1,
        }
    }
}
