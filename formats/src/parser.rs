//! The parser of every text format: it walks the lines, and a grammar reads each.

use std::borrow::Cow;

use narthex_model::{Error, MetricType, TimestampMs};

use crate::error::{Fault, ParseError};
use crate::event::{Event, ExemplarEvent, LabelText, SampleEvent, SampleValue};
use crate::lexer::{Cursor, Lines, SeriesBuffer};
use crate::{Protocol, bucket_bound, openmetrics, text};

/// Reads an exposition body as a sequence of [`Event`]s.
///
/// Nothing is allocated per sample unless a label holds an escape. After an error there are no more events.
///
/// ```
/// use narthex_formats::{Event, ExpositionParser, Protocol};
///
/// let body = b"requests_total{code=\"200\"} 17\n";
/// let mut parser = ExpositionParser::new(Protocol::PrometheusText0_0_4, body)?;
/// while let Some(event) = parser.next_event() {
///     if let Event::Sample(sample) = event? {
///         assert_eq!(sample.series, "requests_total{code=\"200\"}");
///     }
/// }
/// # Ok::<_, narthex_model::Error>(())
/// ```
#[derive(Debug)]
pub struct ExpositionParser<'a> {
    lines: Lines<'a>,
    state: State<'a>,
    is_openmetrics: bool,
    finished: bool,
}

/// What the grammars keep from line to line.
#[derive(Debug, Default)]
pub(crate) struct State<'a> {
    pub(crate) series: SeriesBuffer<'a>,
    pub(crate) exemplar_labels: Vec<LabelText<'a>>,
    /// The type declared last.
    pub(crate) metric_type: MetricType,
    /// Whether the end mark was read.
    pub(crate) eof: bool,
}

/// What a line says, if anything. The labels of a sample lie in the [`State`].
#[derive(Debug)]
pub(crate) enum Line<'a> {
    /// An event that is no sample.
    Meta(Event<'a>),
    /// A sample.
    Sample {
        series: &'a str,
        value: f64,
        timestamp: Option<TimestampMs>,
        exemplar: Option<(f64, Option<TimestampMs>)>,
    },
}

impl<'a> ExpositionParser<'a> {
    /// A parser of `body`.
    ///
    /// # Errors
    /// `Invalid` if the protocol is not supported.
    pub fn new(protocol: Protocol, body: &'a [u8]) -> Result<Self, Error> {
        if !protocol.is_supported() {
            return Err(Error::invalid(format!(
                "{} is not supported yet, expose a text format",
                protocol.as_str()
            )));
        }
        Ok(Self {
            lines: Lines::new(body),
            state: State::default(),
            is_openmetrics: protocol.is_openmetrics(),
            finished: false,
        })
    }

    /// The next event, or `None` after the last and after an error.
    #[inline]
    pub fn next_event(&mut self) -> Option<Result<Event<'_>, ParseError>> {
        match self.next_line()? {
            Ok(line) => Some(Ok(self.state.event(line))),
            Err(error) => {
                self.finished = true;
                Some(Err(error))
            }
        }
    }

    /// The number of the line that the last event stands in, from 1; 0 before the first event.
    pub fn line_number(&self) -> u64 {
        self.lines.number()
    }

    /// The next line that says something.
    #[inline]
    fn next_line(&mut self) -> Option<Result<Line<'a>, ParseError>> {
        while !self.finished {
            let Some(line) = self.lines.next_line() else {
                self.finished = true;
                return self.end_error().map(Err);
            };
            let mut cursor = Cursor::new(line);
            let read = if self.is_openmetrics {
                openmetrics::read_line(&mut cursor, &mut self.state)
            } else {
                text::read_line(&mut cursor, &mut self.state)
            };
            match read {
                Ok(None) => {}
                Ok(Some(said)) => return Some(Ok(said)),
                Err(fault) => return Some(Err(ParseError::new(self.lines.number(), line, fault))),
            }
        }
        None
    }

    /// Why the body may not end here.
    fn end_error(&self) -> Option<ParseError> {
        let fault = Fault {
            at: 0,
            expected: "expected \"# EOF\" as last line",
        };
        let no_eof = || {
            let line = self.lines.number() + 1;
            ParseError {
                found: "the end of the body".to_owned(),
                ..ParseError::new(line, "", fault)
            }
        };
        let incomplete = self.is_openmetrics && !self.state.eof;
        self.lines.end_error().or_else(|| incomplete.then(no_eof))
    }
}

impl<'a> State<'a> {
    #[inline]
    fn event<'s>(&'s mut self, line: Line<'a>) -> Event<'s> {
        match line {
            Line::Meta(event) => {
                if let Event::Type { metric_type, .. } = event {
                    self.metric_type = metric_type;
                }
                event
            }
            Line::Sample {
                series,
                value,
                timestamp,
                exemplar,
            } => {
                bucket_bound::normalise(self.metric_type, &mut self.series.labels);
                let exemplar_labels = &self.exemplar_labels;
                Event::Sample(SampleEvent {
                    name: &self.series.name,
                    labels: &self.series.labels,
                    series,
                    value: SampleValue::Float(value),
                    timestamp,
                    start_timestamp: None,
                    exemplar: exemplar.map(|(value, timestamp)| ExemplarEvent {
                        labels: exemplar_labels,
                        value,
                        timestamp,
                    }),
                })
            }
        }
    }
}

/// Reads the name of a metadata line, quoted or not, and the blanks after it.
pub(crate) fn read_family<'a>(cursor: &mut Cursor<'a>) -> Result<Cow<'a, str>, Fault> {
    let start = cursor.at();
    let family = if cursor.peek() == Some(b'"') {
        cursor.quoted()?
    } else {
        Cow::Borrowed(cursor.metric_name())
    };
    if family.is_empty() {
        return Err(Fault {
            at: start,
            expected: "expected a metric name",
        });
    }
    if !cursor.skip_blanks() && !cursor.is_at_end() {
        return Err(cursor.fault("expected a blank after the metric name"));
    }
    Ok(family)
}

/// The type that `word` names.
pub(crate) fn metric_type(word: &str) -> Option<MetricType> {
    Some(match word {
        "counter" => MetricType::Counter,
        "gauge" => MetricType::Gauge,
        "histogram" => MetricType::Histogram,
        "gaugehistogram" => MetricType::GaugeHistogram,
        "summary" => MetricType::Summary,
        "info" => MetricType::Info,
        "stateset" => MetricType::StateSet,
        "unknown" => MetricType::Unknown,
        _ => return None,
    })
}
