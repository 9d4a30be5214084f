//! When it was bad, by day and hour.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use narthex_model::{Error, Result, TimeRange, TimestampMs};

use super::{Meter, View};
use crate::outcome::{HeatCell, HeatDay, HeatMap};
use crate::time::{HOUR_MS, zone};

/// When the budget of `span` was spent, by days and hours of a zone.
///
/// # Errors
/// If the zone is not known.
pub fn heat_map(meter: &Meter, span: TimeRange, zone_name: &str) -> Result<HeatMap> {
    let zone = zone(zone_name)?;
    let allowed = (1.0 - meter.objective().target) * meter.errors(span, View::Adjusted).1;
    let mut days: Vec<HeatDay> = Vec::new();
    let mut day: Vec<Sum> = Vec::new();
    let mut at = span.start;
    while at < span.end {
        let clock = clock(at, &zone)?;
        let hour = TimeRange::new(at, hour_end(&clock, at).min(span.end));
        let date = clock.date().to_string();
        if days.last().is_none_or(|day| day.date != date) {
            finish(&mut days, &mut day, allowed);
            let start = clock
                .start_of_day()
                .map_err(|e| Error::invalid(e.to_string()))?;
            days.push(HeatDay {
                start: start.timestamp().as_millisecond(),
                date,
                hours: Vec::new(),
            });
            day.resize_with(24, Sum::default);
        }
        if let Some(sum) = day.get_mut(usize::from(clock.hour().unsigned_abs())) {
            sum.add(meter, hour);
        }
        at = hour.end;
    }
    finish(&mut days, &mut day, allowed);
    Ok(HeatMap {
        zone: zone_name.to_owned(),
        days,
    })
}

/// What was counted in an hour of the clock.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    bad: f64,
    all: f64,
    covered_ms: f64,
    ms: f64,
}

impl Sum {
    fn add(&mut self, meter: &Meter, span: TimeRange) {
        let (bad, all) = meter.errors(span, View::Adjusted);
        let ms = (span.end - span.start) as f64;
        self.bad += bad;
        self.all += all;
        self.ms += ms;
        self.covered_ms += meter.coverage(span, View::Adjusted) * ms;
    }

    fn cell(&self, allowed: f64) -> Option<HeatCell> {
        (self.ms > 0.0).then(|| HeatCell {
            attained: (self.all > 0.0).then(|| 1.0 - self.bad / self.all),
            cost: if allowed > 0.0 {
                self.bad / allowed
            } else {
                0.0
            },
            coverage: self.covered_ms / self.ms,
        })
    }
}

/// Gives the last day its hours.
fn finish(days: &mut [HeatDay], hours: &mut Vec<Sum>, allowed: f64) {
    if let Some(day) = days.last_mut() {
        day.hours = hours.drain(..).map(|sum| sum.cell(allowed)).collect();
    }
}

fn clock(t: TimestampMs, zone: &TimeZone) -> Result<Zoned> {
    let timestamp = Timestamp::from_millisecond(t).map_err(|e| Error::invalid(e.to_string()))?;
    Ok(timestamp.to_zoned(zone.clone()))
}

/// When the hour that the clock shows ends: clocks change at full hours, or the rest of the hour is looked at anew.
fn hour_end(clock: &Zoned, at: TimestampMs) -> TimestampMs {
    let time = clock.time();
    let into = i64::from(time.minute()) * 60_000
        + i64::from(time.second()) * 1000
        + i64::from(time.millisecond());
    at + (HOUR_MS - into).max(1)
}
