//! The engine as a whole: against a model, through crashes, on failing disks, with damaged files.

mod budget;
mod churn;
mod condense;
mod copy;
mod crash;
mod damage;
mod deletes;
mod disk;
mod faults;
pub(crate) mod histograms;
mod kinds;
mod late;
mod model;
mod quarantine;
mod queries;
mod repair;
mod replay;
mod retention;
mod starts;
mod support;
