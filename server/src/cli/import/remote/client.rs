//! Asks another server for the samples of a slice of time.

use std::time::Duration;

use narthex_formats::read_export_line;
use narthex_formats::remote_read::{
    Frames, Query, STREAMED_CONTENT_TYPE, encode_request, read_frame, read_samples,
};
use narthex_formats::remote_write::Limits;
use narthex_model::{Error, ErrorKind, Matcher, Result, TimeRange};
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{RequestBuilder, Response};

use super::writer::Writer;
use super::{Api, Arguments};
use crate::cli::remote::{refusal, unreachable};
use crate::limits::{EXPORT_LINE_BYTES_MAX, READ_BODY_BYTES_MAX, READ_DECODED_BYTES_MAX};

/// Waits before a request is sent again, in seconds.
const PAUSES: [u64; 4] = [1, 2, 4, 8];

/// A server, and what is asked of it.
pub(super) struct Client {
    http: reqwest::Client,
    url: String,
    api: Api,
    selectors: Vec<String>,
    matchers: Vec<Vec<Matcher>>,
}

impl Client {
    /// Finds out how the server is asked, if that is not said.
    ///
    /// # Errors
    /// `Invalid` if a header is none, `Unavailable` if there is no server.
    pub(super) async fn new(arguments: &Arguments, matchers: Vec<Vec<Matcher>>) -> Result<Self> {
        let http = reqwest::Client::builder().default_headers(headers(&arguments.headers)?);
        let http = http
            .build()
            .map_err(|e| Error::unavailable("cannot make an http client").with_source(e))?;
        let mut client = Self {
            http,
            url: arguments.url.trim_end_matches('/').to_owned(),
            api: arguments.api,
            selectors: arguments.selectors.clone(),
            matchers,
        };
        if client.api == Api::Auto {
            client.api = client.find_api().await?;
        }
        Ok(client)
    }

    /// A server without remote read refuses even a question for nothing.
    async fn find_api(&self) -> Result<Api> {
        let nothing = [Matcher::equal(
            "__name__",
            "narthex_import_asks_for_nothing",
        )];
        let range = TimeRange::new(0, 1);
        let body = encode_request(&[Query {
            matchers: &nothing,
            range,
        }])?;
        match self.send(self.read_request(body)).await {
            Ok(_) => Ok(Api::Read),
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::Invalid) => {
                Ok(Api::Export)
            }
            Err(e) => Err(e),
        }
    }

    /// Writes the samples in `range`, all of which are stored when this returns. What fails for reasons that may pass is
    /// tried again: writing a sample twice changes nothing.
    ///
    /// # Errors
    /// What the server or the engine says.
    pub(super) async fn fetch(&self, range: TimeRange, writer: &mut Writer<'_>) -> Result<()> {
        let mut pauses = PAUSES.iter();
        loop {
            let fetched = match self.api {
                Api::Export => self.export(range, writer).await,
                Api::Read | Api::Auto => self.read(range, writer).await,
            };
            let Err(error) = fetched else {
                return writer.write().await;
            };
            writer.clear();
            match pauses.next() {
                Some(seconds) if error.kind() == ErrorKind::Unavailable => {
                    tracing::warn!(%error, seconds, "will ask again");
                    tokio::time::sleep(Duration::from_secs(*seconds)).await;
                }
                _ => return Err(error),
            }
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response> {
        let sent = request.send().await;
        let response = sent.map_err(|e| unreachable(&self.url, e))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status().as_u16();
        let body = response.text().await;
        let body = body.map_err(|e| unreachable(&self.url, e))?;
        let error = refusal(status, &body);
        // Too many requests, or something between that has no answer: it may pass.
        if matches!(status, 429 | 500 | 502..=504) {
            return Err(Error::unavailable(error.to_string()));
        }
        Err(error)
    }

    fn read_request(&self, body: Vec<u8>) -> RequestBuilder {
        let request = self.http.post(format!("{}/api/v1/read", self.url));
        request
            .header(CONTENT_ENCODING, "snappy")
            .header(CONTENT_TYPE, "application/x-protobuf")
            .header("X-Prometheus-Remote-Read-Version", "0.1.0")
            .body(body)
    }

    async fn read(&self, range: TimeRange, writer: &mut Writer<'_>) -> Result<()> {
        let queries = self
            .matchers
            .iter()
            .map(|matchers| Query { matchers, range });
        let body = encode_request(&queries.collect::<Vec<_>>())?;
        let response = self.send(self.read_request(body)).await?;
        let content_type = response.headers().get(CONTENT_TYPE);
        let is_streamed = content_type
            .and_then(|v| v.to_str().ok())
            .is_some_and(|v| v.starts_with(STREAMED_CONTENT_TYPE));
        if is_streamed {
            self.read_stream(response, range, writer).await
        } else {
            self.read_whole(response, writer).await
        }
    }

    async fn read_stream(
        &self,
        mut response: Response,
        range: TimeRange,
        writer: &mut Writer<'_>,
    ) -> Result<()> {
        let mut frames = Frames::default();
        while let Some(bytes) = self.next_piece(&mut response).await? {
            frames.push(&bytes);
            while let Some(frame) = frames.next_frame()? {
                read_frame(frame, range, &mut writer.batch)?;
                writer.write_if_full().await?;
            }
        }
        if frames.is_torn() {
            return Err(Error::unavailable("the answer breaks off"));
        }
        Ok(())
    }

    async fn read_whole(&self, mut response: Response, writer: &mut Writer<'_>) -> Result<()> {
        let mut body = Vec::new();
        while let Some(bytes) = self.next_piece(&mut response).await? {
            body.extend_from_slice(&bytes);
            if body.len() > READ_BODY_BYTES_MAX {
                return Err(Error::limit(format!(
                    "the answer has more than {READ_BODY_BYTES_MAX} bytes: use a shorter --slice"
                )));
            }
        }
        let limits = Limits {
            decoded_bytes_max: READ_DECODED_BYTES_MAX,
        };
        for batch in read_samples(&body, &limits)? {
            writer.batch = batch;
            writer.write().await?;
        }
        Ok(())
    }

    async fn export(&self, range: TimeRange, writer: &mut Writer<'_>) -> Result<()> {
        let seconds = |ms: i64| format!("{}.{:03}", ms.div_euclid(1000), ms.rem_euclid(1000));
        let mut form = vec![
            ("start", seconds(range.start)),
            // The end is included there.
            ("end", seconds(range.end - 1)),
            ("reduce_mem_usage", "1".to_owned()),
        ];
        form.extend(self.selectors.iter().map(|s| ("match[]", s.clone())));
        let request = self.http.post(format!("{}/api/v1/export", self.url));
        let mut response = self.send(request.form(&form)).await?;
        let mut rest = Vec::new();
        while let Some(bytes) = self.next_piece(&mut response).await? {
            rest.extend_from_slice(&bytes);
            let whole = rest
                .iter()
                .rposition(|b| *b == b'\n')
                .map_or(0, |at| at + 1);
            let tail = rest.split_off(whole);
            let lines = std::mem::replace(&mut rest, tail);
            read_lines(&lines, writer).await?;
            if rest.len() > EXPORT_LINE_BYTES_MAX {
                return Err(Error::limit(format!(
                    "a line of the answer has more than {EXPORT_LINE_BYTES_MAX} bytes: use a shorter --slice"
                )));
            }
        }
        read_lines(&rest, writer).await
    }

    async fn next_piece(&self, response: &mut Response) -> Result<Option<bytes::Bytes>> {
        let piece = response.chunk().await;
        piece.map_err(|e| unreachable(&self.url, e))
    }
}

async fn read_lines(lines: &[u8], writer: &mut Writer<'_>) -> Result<()> {
    for line in lines.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
        read_export_line(line, &mut writer.batch)?;
        writer.write_if_full().await?;
    }
    Ok(())
}

fn headers(texts: &[String]) -> Result<HeaderMap> {
    let header = |text: &String| {
        let (name, value) = text.split_once(':')?;
        let name = HeaderName::from_bytes(name.trim().as_bytes()).ok()?;
        Some((name, HeaderValue::from_str(value.trim()).ok()?))
    };
    let parse = |text| {
        // The text may hold a password, so it is not repeated.
        header(text).ok_or_else(|| Error::invalid("--header is not of the form NAME: VALUE"))
    };
    texts.iter().map(parse).collect()
}
