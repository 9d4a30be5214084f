//! Which protocol a body is in, and which one to ask for or to answer with.

use narthex_model::Error;

use crate::Protocol;

/// The protocol that a `Content-Type` means. Without one, or with one that says nothing known, `fallback` decides.
///
/// # Errors
/// `Invalid` if the type is missing or unknown and there is no fallback, or if it is known but not supported.
pub fn parser_for(
    content_type: Option<&str>,
    fallback: Option<Protocol>,
) -> Result<Protocol, Error> {
    let known = content_type
        .map(MediaType::parse)
        .and_then(|media| protocol_of(&media));
    match known.or(fallback) {
        Some(protocol) if protocol.is_supported() => Ok(protocol),
        Some(protocol) => Err(Error::invalid(format!(
            "{} is not supported yet, expose a text format",
            protocol.as_str()
        ))),
        None => Err(unknown_type(content_type)),
    }
}

#[cold]
fn unknown_type(content_type: Option<&str>) -> Error {
    let what = match content_type {
        Some(text) => format!("content type {text:?} is no exposition format"),
        None => "the answer has no content type".to_owned(),
    };
    Error::invalid(format!(
        "{what}; set fallback_scrape_protocol to read it anyway"
    ))
}

/// The `Accept` header that asks for `protocols`, the best first, and for anything else last.
pub fn accept_header(protocols: &[Protocol]) -> String {
    let mut header = String::new();
    let mut quality = protocols.len().min(8) + 1;
    for protocol in protocols {
        header.push_str(accept_item(*protocol));
        header.push_str(&format!(";q=0.{quality},"));
        quality = quality.saturating_sub(1).max(1);
    }
    header.push_str(&format!("*/*;q=0.{quality}"));
    header
}

fn accept_item(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::PrometheusProto => {
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
        }
        Protocol::OpenMetricsText1_0_0 => {
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8"
        }
        Protocol::OpenMetricsText0_0_1 => "application/openmetrics-text;version=0.0.1",
        Protocol::PrometheusText1_0_0 => "text/plain;version=1.0.0;escaping=allow-utf-8",
        Protocol::PrometheusText0_0_4 => "text/plain;version=0.0.4",
    }
}

/// The protocol to answer with to a request that has this `Accept` header: what it likes best among what can be
/// written, Prometheus text 0.0.4 if it has no preference.
pub fn negotiate(accept: Option<&str>) -> Protocol {
    let mut best = (Protocol::PrometheusText0_0_4, 0.0);
    for item in accept.unwrap_or("").split(',') {
        let media = MediaType::parse(item);
        let quality = media
            .parameter("q")
            .and_then(|q| q.parse().ok())
            .unwrap_or(1.0);
        let protocol = match media.essence.as_str() {
            "*/*" | "text/*" => Some(Protocol::PrometheusText0_0_4),
            _ => protocol_of(&media).filter(|protocol| protocol.is_supported()),
        };
        if let Some(protocol) = protocol
            && quality > best.1
        {
            best = (protocol, quality);
        }
    }
    best.0
}

fn protocol_of(media: &MediaType<'_>) -> Option<Protocol> {
    let version = media.parameter("version").unwrap_or("");
    match (media.essence.as_str(), version) {
        ("text/plain", "1.0.0") => Some(Protocol::PrometheusText1_0_0),
        ("text/plain", _) => Some(Protocol::PrometheusText0_0_4),
        ("application/openmetrics-text", "1.0.0") => Some(Protocol::OpenMetricsText1_0_0),
        ("application/openmetrics-text", _) => Some(Protocol::OpenMetricsText0_0_1),
        ("application/vnd.google.protobuf", _) => Some(Protocol::PrometheusProto),
        _ => None,
    }
}

/// A media type and its parameters.
struct MediaType<'a> {
    /// `type/subtype` in lower case.
    essence: String,
    parameters: &'a str,
}

impl<'a> MediaType<'a> {
    fn parse(text: &'a str) -> Self {
        let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
        Self {
            essence: essence.trim().to_ascii_lowercase(),
            parameters,
        }
    }

    fn parameter(&self, name: &str) -> Option<&'a str> {
        let mut pairs = self.parameters.split(';').filter_map(|p| p.split_once('='));
        let (_, value) = pairs.find(|(n, _)| n.trim().eq_ignore_ascii_case(name))?;
        Some(value.trim().trim_matches('"'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types() {
        let cases = [
            (
                "text/plain; version=0.0.4; charset=utf-8",
                "PrometheusText0.0.4",
            ),
            ("text/plain", "PrometheusText0.0.4"),
            ("Text/Plain; Version=\"1.0.0\"", "PrometheusText1.0.0"),
            (
                "application/openmetrics-text; version=1.0.0",
                "OpenMetricsText1.0.0",
            ),
            ("application/openmetrics-text", "OpenMetricsText0.0.1"),
        ];
        for (text, want) in cases {
            assert_eq!(parser_for(Some(text), None).expect(text).as_str(), want);
        }
        for protocol in Protocol::DEFAULT {
            assert_eq!(
                parser_for(Some(protocol.content_type()), None).expect("own type"),
                protocol
            );
            assert_eq!(Protocol::from_name(protocol.as_str()), Some(protocol));
        }
    }

    #[test]
    fn unknown_types_need_a_fallback() {
        for text in [
            None,
            Some(""),
            Some("text/html"),
            Some("application/json;version=1.0.0"),
            Some("=;;=,"),
        ] {
            assert!(parser_for(text, None).is_err(), "{text:?}");
            let fallback = parser_for(text, Some(Protocol::PrometheusText0_0_4));
            assert_eq!(fallback.expect("fallback"), Protocol::PrometheusText0_0_4);
        }
        let proto = Protocol::PrometheusProto.content_type();
        let error =
            parser_for(Some(proto), Some(Protocol::PrometheusText0_0_4)).expect_err("unsupported");
        assert!(error.message().contains("PrometheusProto is not supported"));
    }

    #[test]
    fn accept_headers_are_read_back() {
        let header = accept_header(&Protocol::DEFAULT);
        assert!(
            header.starts_with(
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
            )
        );
        assert!(header.ends_with(",text/plain;version=0.0.4;q=0.2,*/*;q=0.1"));
        assert_eq!(negotiate(Some(&header)), Protocol::OpenMetricsText1_0_0);
        assert_eq!(
            negotiate(Some(&accept_header(&[Protocol::PrometheusText1_0_0]))),
            Protocol::PrometheusText1_0_0
        );
        for header in [
            None,
            Some("*/*"),
            Some("text/html,*/*;q=0.8"),
            Some("application/json"),
            Some(",;q=x"),
        ] {
            assert_eq!(
                negotiate(header),
                Protocol::PrometheusText0_0_4,
                "{header:?}"
            );
        }
    }
}
