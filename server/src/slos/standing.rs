//! How SLOs stand, without what takes longer to find.

use narthex_model::Result;
use narthex_slo::report::{Report, SloReport};

use super::known::{Books, Known};
use super::made;

/// The SLOs that are wanted, with the outcomes of all windows and groups.
///
/// # Errors
/// If a zone is not known.
pub(crate) fn standing(books: &Books, wants: impl Fn(&Known) -> bool) -> Result<Report> {
    let known = books.all.iter().filter(|known| wants(known));
    let slos = known.map(of_one).collect::<Result<_>>()?;
    Ok(Report {
        made_at: books.made_at,
        ..made("Service levels", books.made_at, "UTC", slos)?
    })
}

fn of_one(known: &Known) -> Result<SloReport> {
    let slo = &known.placed.slo;
    let of_window = |window| known.book.outcomes(window, known.at);
    let outcomes = slo.windows.iter().map(of_window);
    let outcomes = outcomes.collect::<Result<Vec<_>>>()?;
    Ok(SloReport {
        slo: slo.clone(),
        generation: known.generation.clone(),
        data: None,
        outcomes: outcomes.into_iter().flatten().collect(),
        grouped_by: slo.group_by.clone(),
        spenders: Vec::new(),
        compared: Vec::new(),
        without_exclusions: Vec::new(),
        burn_rates: Vec::new(),
        burn_downs: Vec::new(),
        heat_map: None,
        history: Vec::new(),
        incidents: Vec::new(),
        notes: Vec::new(),
    })
}
