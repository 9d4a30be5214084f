//! A report that was made here, or that a server makes in each form that is wanted.

use narthex_model::Result;
use narthex_slo::report::{Asked, Format, Measured, Report, SloReport, Standing, json};

use super::asked::{AskArguments, Question, Whom};
use super::opened::Read;
use crate::slos::{Opened, made};

const PATH: &str = "/api/v1/slo/report";

/// A report.
pub(super) enum Told<'a> {
    /// Made here.
    Here(Box<Report>),
    /// Made by a server.
    There {
        asked: Question<'a>,
        /// The report as JSON, if it was fetched already.
        json: Option<Vec<u8>>,
    },
}

impl<'a> Told<'a> {
    /// Makes it, or asks for it. If it is wanted `several` times, all of them tell of the same instant.
    ///
    /// # Errors
    /// A spec is wrong, the store cannot be read, or the server does not answer.
    pub(super) async fn of(
        ask: &'a AskArguments,
        shown: Asked,
        title: &str,
        several: bool,
    ) -> Result<Self> {
        let asked = match ask.whom(shown.clone()) {
            Whom::Here(wanted) => {
                let report = report(wanted.read().await?, &shown, title)?;
                return Ok(Self::Here(Box::new(report)));
            }
            Whom::There(asked) => asked.with("title", title),
        };
        if !several {
            return Ok(Self::There { asked, json: None });
        }
        let text = fetch(&asked, Format::Json).await?;
        let at = json::read(&text)?.at;
        Ok(Self::There {
            asked: asked.instead("at", at),
            json: Some(text),
        })
    }

    /// The report in a form.
    ///
    /// # Errors
    /// The server does not answer.
    pub(super) async fn write(&self, format: Format) -> Result<Vec<u8>> {
        match self {
            Self::Here(report) => format.write(report),
            Self::There {
                json: Some(json), ..
            } if format == Format::Json => Ok(json.clone()),
            Self::There { asked, .. } => fetch(asked, format).await,
        }
    }

    /// How the promises stand, to be judged.
    ///
    /// # Errors
    /// The server does not answer, or with something else.
    pub(super) async fn standings(&self) -> Result<Vec<Standing>> {
        match self {
            Self::Here(report) => Ok(report.standings()),
            Self::There { .. } => Ok(json::read(&self.write(Format::Json).await?)?.standings),
        }
    }
}

async fn fetch(asked: &Question<'_>, format: Format) -> Result<Vec<u8>> {
    let form = [("format", format.name())];
    asked.post(PATH, &form, format.media_type()).await
}

fn report(read: Read, shown: &Asked, title: &str) -> Result<Report> {
    let measured = |Opened { book, .. }: &Opened| {
        let measured = Measured {
            book,
            at: read.at,
            asked: shown,
        };
        measured.report()
    };
    let slos: Vec<SloReport> = read.slos.iter().map(measured).collect::<Result<_>>()?;
    Ok(Report {
        notes: read.notes,
        ..made(title, read.at, &shown.zone, slos)?
    })
}
