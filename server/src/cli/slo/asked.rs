//! What commands about the past of SLOs share: which SLOs, whom they are asked of, at which time.

use clap::Args;
use narthex_model::{Error, ErrorKind, Result, TimestampMs};
use narthex_slo::report::Asked;
use narthex_slo::spec::Window;
use narthex_slo::time::zone;
use serde::de::DeserializeOwned;

use super::opened::Wanted;
use super::specs::{SpecArguments, not_of_a_server};
use crate::cli::remote;
use crate::cli::source::{Source, SourceArguments};
use crate::slos::window;
use crate::times::{format_time, parse_time};

/// Which SLOs: those of specs over a store, or those that a server keeps.
#[derive(Debug, Args)]
#[command(mut_args(not_of_a_server))]
pub(super) struct AskArguments {
    #[command(flatten)]
    specs: SpecArguments,

    #[command(flatten)]
    source: SourceArguments,

    /// The ids of the SLOs that are wanted; all, if not given
    #[arg(long = "slo", value_name = "LIST", value_delimiter = ',')]
    ids: Vec<String>,

    /// The instant that is told of, where rolling windows end; the newest that is known, if not given
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true)]
    pub(super) at: Option<TimestampMs>,

    /// The zone in which days begin and times are told: an IANA name
    #[arg(long = "tz", value_name = "ZONE", default_value = "UTC")]
    zone: String,
}

/// Whom SLOs are asked of.
pub(super) enum Whom<'a> {
    /// Nobody: they are read here.
    Here(Wanted<'a>),
    /// A server.
    There(Question<'a>),
}

impl AskArguments {
    /// What specs say, over these windows unless there are none, with so many periods to look back.
    ///
    /// # Errors
    /// One of them is no window, or the zone is not known.
    pub(super) fn shown(&self, windows: &[String], periods: usize) -> Result<Asked> {
        zone(&self.zone)?;
        let windows = windows.iter().map(|text| window(text, &self.zone));
        Ok(Asked {
            windows: windows.collect::<Result<_>>()?,
            ..Asked::plain(&self.zone, periods)
        })
    }

    /// Whom to ask for that.
    pub(super) fn whom(&self, shown: Asked) -> Whom<'_> {
        match self.source.source() {
            Source::Folder(store) => Whom::Here(Wanted {
                specs: &self.specs,
                store,
                ids: &self.ids,
                shown,
                at: self.at,
                keeps: false,
            }),
            Source::Url(url) => {
                let question = Question::to(url).showing(&shown);
                let question = question.with("slo", self.ids.join(","));
                Whom::There(question.with_time("at", self.at))
            }
        }
    }
}

/// A question to a server.
pub(super) struct Question<'a> {
    url: &'a str,
    form: Vec<(&'static str, String)>,
}

impl<'a> Question<'a> {
    /// One to this server.
    pub(super) fn to(url: &'a str) -> Self {
        let url = url.trim_end_matches('/');
        let form = Vec::new();
        Self { url, form }
    }

    /// The same for what is to be shown.
    fn showing(self, shown: &Asked) -> Self {
        let windows: Vec<_> = shown.windows.iter().map(Window::to_string).collect();
        let question = self
            .with("window", windows.join(","))
            .with("exclusions", shown.exclusions.name())
            .with("compare_methods", shown.compare_methods.to_string())
            .with("tz", &*shown.zone)
            .with("periods", shown.periods.to_string());
        match &shown.group_by {
            Some(labels) => question.with("group_by", labels.join(",")),
            None => question,
        }
    }

    /// The same with a parameter.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.form.push((name, value.into()));
        self
    }

    /// The same with a time, if there is one.
    pub(super) fn with_time(self, name: &'static str, at: Option<TimestampMs>) -> Self {
        match at {
            Some(at) => self.with(name, format_time(at)),
            None => self,
        }
    }

    /// The same with another value of a parameter.
    pub(super) fn instead(mut self, name: &'static str, value: String) -> Self {
        self.form.retain(|(known, _)| *known != name);
        self.with(name, value)
    }

    /// What the server answers, in this media type.
    ///
    /// # Errors
    /// `Unavailable` if there is none; what it says if it refuses.
    pub(super) async fn post(
        &self,
        path: &str,
        more: &[(&str, &str)],
        media: &str,
    ) -> Result<Vec<u8>> {
        let form = self
            .form
            .iter()
            .map(|(name, value)| (*name, value.as_str()));
        let form: Vec<_> = form.chain(more.iter().copied()).collect();
        let response = remote::post(self.url, path, &form, media).await;
        remote::body(self.url, response.map_err(as_asked)?).await
    }
}

impl Question<'_> {
    /// What the server answers, read as JSON.
    ///
    /// # Errors
    /// As [`Question::post`]; `Invalid` if it is something else.
    pub(super) async fn value<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let body = self.post(path, &[], remote::JSON).await?;
        serde_json::from_slice(&body).map_err(|e| {
            let message = format!(
                "{} does not answer as Narthex does",
                remote::shown(self.url)
            );
            Error::invalid(message).with_source(e)
        })
    }
}

/// What a server has not is a mistake of who asked: there is no folder to look for.
fn as_asked(error: Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound => Error::invalid(error.to_string()),
        _ => error,
    }
}
