//! What the tests of the grammars share: events as short texts.

use crate::{Event, ExpositionParser, LabelText, ParseError, Protocol, SampleEvent, SampleValue};

/// The events of `body`, each as a text, up to the first error.
pub(crate) fn events(protocol: Protocol, body: &[u8]) -> (Vec<String>, Option<ParseError>) {
    let mut parser = ExpositionParser::new(protocol, body).expect("a supported protocol");
    let mut events = Vec::new();
    while let Some(event) = parser.next_event() {
        match event {
            Ok(event) => events.push(describe(&event)),
            Err(error) => {
                assert!(parser.next_event().is_none(), "events after an error");
                return (events, Some(error));
            }
        }
    }
    (events, None)
}

/// Checks that each body of `cases` gives its events, one per line, and no error.
pub(crate) fn check_good(protocol: Protocol, cases: &[(&str, &str)]) {
    for (body, want) in cases {
        let (events, error) = events(protocol, body.as_bytes());
        assert_eq!(
            (events.join("\n").as_str(), error),
            (*want, None),
            "{body:?}"
        );
    }
}

/// Checks that each body of `cases` fails with its error.
pub(crate) fn check_bad(protocol: Protocol, cases: &[(&[u8], &str)]) {
    for (body, want) in cases {
        let (events, error) = events(protocol, body);
        let error = error.map(|e| e.to_string());
        assert_eq!(
            error.as_deref(),
            Some(*want),
            "{:?} gives {events:?}",
            String::from_utf8_lossy(body)
        );
    }
}

fn describe(event: &Event<'_>) -> String {
    match event {
        Event::Type {
            family,
            metric_type,
        } => format!("type {family} {}", metric_type.as_str()),
        Event::Help { family, text } => format!("help {family} {text:?}"),
        Event::Unit { family, unit } => format!("unit {family} {unit:?}"),
        Event::Sample(sample) => describe_sample(sample),
        Event::Eof => "eof".to_owned(),
    }
}

fn describe_sample(sample: &SampleEvent<'_>) -> String {
    let SampleValue::Float(value) = sample.value else {
        return "histogram".to_owned();
    };
    let mut text = format!("{}{} {value}", sample.name, describe_labels(sample.labels));
    if let Some(timestamp) = sample.timestamp {
        text += &format!(" @{timestamp}");
    }
    if let Some(exemplar) = &sample.exemplar {
        text += &format!(
            " exemplar {} {}",
            describe_labels(exemplar.labels),
            exemplar.value
        );
        if let Some(timestamp) = exemplar.timestamp {
            text += &format!(" @{timestamp}");
        }
    }
    text
}

fn describe_labels(labels: &[LabelText<'_>]) -> String {
    let labels: Vec<_> = labels
        .iter()
        .map(|(name, value)| format!("{name}={value:?}"))
        .collect();
    format!("{{{}}}", labels.join(","))
}
