//! The forms that a report is written in: what they are called, and who writes them.

use std::str::FromStr;

use narthex_model::{Error, Result};

use crate::report::{Report, csv, html, json, markdown, openmetrics, parquet, table};

/// A form of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One file with pictures, for a browser or paper.
    Html,
    /// A line per promise, group, window and method.
    Csv,
    /// For programs.
    Json,
    /// The lines of CSV as columns.
    Parquet,
    /// For a ticket or a pull request.
    Markdown,
    /// For a scraper.
    OpenMetrics,
    /// For the terminal.
    Table,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Html,
        Self::Csv,
        Self::Json,
        Self::Parquet,
        Self::Markdown,
        Self::OpenMetrics,
        Self::Table,
    ];

    /// Its name, as people ask for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Parquet => "parquet",
            Self::Markdown => "md",
            Self::OpenMetrics => "openmetrics",
            Self::Table => "table",
        }
    }

    /// What it is for, in a few words.
    pub fn about(self) -> &'static str {
        match self {
            Self::Html => "One file with pictures, for a browser or paper",
            Self::Csv => "A line per promise, group, window and method",
            Self::Json => "For programs; docs/slo/report.schema.json says what is in it",
            Self::Parquet => "The lines of CSV as columns",
            Self::Markdown => "For a ticket or a pull request",
            Self::OpenMetrics => "For a scraper",
            Self::Table => "For the terminal",
        }
    }

    /// What files of it end in.
    pub fn extension(self) -> &'static str {
        match self {
            Self::OpenMetrics => "om",
            Self::Table => "txt",
            _ => self.name(),
        }
    }

    /// What it is called over HTTP.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
            Self::Parquet => "application/vnd.apache.parquet",
            Self::Markdown => "text/markdown; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Table => "text/plain; charset=utf-8",
        }
    }

    /// Writes a report in it.
    ///
    /// # Errors
    /// None that memory has; the writers below could fail in other places.
    pub fn write(self, report: &Report) -> Result<Vec<u8>> {
        let text = match self {
            Self::Html => html::write(report),
            Self::Csv => csv::write(report)?,
            Self::Json => json::write(report)?,
            Self::Parquet => return parquet::write(report),
            Self::Markdown => markdown::write(report),
            Self::OpenMetrics => openmetrics::write(report),
            Self::Table => table::write(report),
        };
        Ok(text.into_bytes())
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|format| format.name() == name);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::invalid(format!("expected one of {names}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read() {
        for format in Format::ALL {
            assert_eq!(format.name().parse::<Format>().ok(), Some(format));
        }
        let error = "docx".parse::<Format>().expect_err("no form").to_string();
        assert!(error.ends_with("md, openmetrics, table"), "{error}");
    }
}
