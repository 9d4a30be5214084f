//! Exposition text, written.

use std::collections::HashMap;
use std::fmt::Write as _;

use narthex_model::{
    Exemplar, LabelsRef, METRIC_NAME, Metadata, MetricType, TimestampMs, WriteBatch,
};

use crate::Protocol;
use crate::lexer::{is_label_name, is_metric_name};

/// Writes exposition text onto the end of strings, line by line. It keeps nothing in between, so the caller may empty
/// the string whenever it likes.
///
/// ```
/// use narthex_formats::{ExpositionWriter, Protocol};
/// use narthex_model::Labels;
///
/// let writer = ExpositionWriter::new(Protocol::OpenMetricsText1_0_0);
/// let labels = Labels::new([("__name__", "up"), ("job", "node")])?;
/// let mut out = String::new();
/// writer.sample(&mut out, labels.as_ref(), 1.0, Some(1_700_000_000_500));
/// writer.finish(&mut out);
/// assert_eq!(out, "up{job=\"node\"} 1 1700000000.5\n# EOF\n");
/// # Ok::<_, narthex_model::LabelError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ExpositionWriter {
    is_openmetrics: bool,
}

impl ExpositionWriter {
    /// A writer of `protocol`; of Prometheus text if that protocol is not supported.
    pub fn new(protocol: Protocol) -> Self {
        Self {
            is_openmetrics: protocol.is_openmetrics(),
        }
    }

    /// Writes what is known of `family`; the samples of the family should follow.
    pub fn metadata(&self, out: &mut String, family: &str, metadata: &Metadata) {
        let Metadata {
            metric_type,
            help,
            unit,
        } = metadata;
        if *metric_type != MetricType::Unknown {
            out.push_str("# TYPE ");
            push_metric_name(out, family);
            out.push(' ');
            out.push_str(self.type_name(*metric_type));
            out.push('\n');
        }
        if self.is_openmetrics && !unit.is_empty() {
            out.push_str("# UNIT ");
            push_metric_name(out, family);
            out.push(' ');
            out.push_str(unit);
            out.push('\n');
        }
        if !help.is_empty() {
            out.push_str("# HELP ");
            push_metric_name(out, family);
            out.push(' ');
            push_escaped(out, help, self.is_openmetrics);
            out.push('\n');
        }
    }

    /// Prometheus text knows five types only.
    fn type_name(&self, metric_type: MetricType) -> &'static str {
        match metric_type {
            _ if self.is_openmetrics => metric_type.as_str(),
            MetricType::Info | MetricType::StateSet => "gauge",
            MetricType::GaugeHistogram => "histogram",
            MetricType::Unknown => "untyped",
            _ => metric_type.as_str(),
        }
    }

    /// Writes a sample. The stale marker becomes an ordinary NaN: text has no other.
    pub fn sample(
        &self,
        out: &mut String,
        labels: LabelsRef<'_>,
        value: f64,
        timestamp: Option<TimestampMs>,
    ) {
        self.sample_with_exemplar(out, labels, value, timestamp, None);
    }

    /// Writes a sample and its exemplar, which Prometheus text leaves out.
    pub fn sample_with_exemplar(
        &self,
        out: &mut String,
        labels: LabelsRef<'_>,
        value: f64,
        timestamp: Option<TimestampMs>,
        exemplar: Option<&Exemplar>,
    ) {
        push_series(out, labels);
        out.push(' ');
        push_float(out, value);
        self.push_timestamp(out, timestamp);
        if let Some(exemplar) = exemplar.filter(|_| self.is_openmetrics) {
            out.push_str(" # {");
            push_labels(out, LabelsRef::from_canonical(&exemplar.labels), false);
            out.push_str("} ");
            push_float(out, exemplar.value);
            self.push_timestamp(out, exemplar.timestamp);
        }
        out.push('\n');
    }

    fn push_timestamp(&self, out: &mut String, timestamp: Option<TimestampMs>) {
        if let Some(timestamp) = timestamp {
            out.push(' ');
            if self.is_openmetrics {
                push_seconds(out, timestamp);
            } else {
                push_display(out, timestamp);
            }
        }
    }

    /// Writes the end of the body.
    pub fn finish(&self, out: &mut String) {
        if self.is_openmetrics {
            out.push_str("# EOF\n");
        }
    }
}

/// The float samples, exemplars and metadata of `batch` as a whole body. Native histograms have no text and are left
/// out; so are exemplars of series without a float sample.
pub fn batch_text(protocol: Protocol, batch: &WriteBatch) -> String {
    let writer = ExpositionWriter::new(protocol);
    let mut out = String::new();
    let mut families: HashMap<&str, &Metadata> = batch
        .metadata
        .iter()
        .map(|entry| (entry.metric.as_str(), &entry.metadata))
        .collect();
    let mut exemplars: HashMap<u32, &Exemplar> =
        batch.exemplars.iter().map(|e| (e.series, e)).collect();
    let rows = batch
        .sample_series()
        .iter()
        .zip(batch.timestamps())
        .zip(batch.values());
    for ((series, timestamp), value) in rows {
        let labels = batch.labels(*series);
        if !families.is_empty()
            && let Some((family, metadata)) = family_of(&mut families, labels.metric_name())
        {
            writer.metadata(&mut out, family, metadata);
        }
        let exemplar = if exemplars.is_empty() {
            None
        } else {
            exemplars.remove(series)
        };
        writer.sample_with_exemplar(&mut out, labels, *value, Some(*timestamp), exemplar);
    }
    for entry in &batch.metadata {
        if let Some(metadata) = families.remove(entry.metric.as_str()) {
            writer.metadata(&mut out, &entry.metric, metadata);
        }
    }
    writer.finish(&mut out);
    out
}

/// Takes the family that a metric called `name` belongs to, if it is still there.
fn family_of<'n, 'm>(
    families: &mut HashMap<&str, &'m Metadata>,
    name: &'n str,
) -> Option<(&'n str, &'m Metadata)> {
    const SUFFIXES: [&str; 9] = [
        "", "_total", "_created", "_bucket", "_count", "_sum", "_gcount", "_gsum", "_info",
    ];
    SUFFIXES.iter().find_map(|suffix| {
        let family = name.strip_suffix(suffix)?;
        Some((family, families.remove(family)?))
    })
}

fn push_series(out: &mut String, labels: LabelsRef<'_>) {
    let name = labels.metric_name();
    let has_others = labels.iter().any(|(n, _)| n != METRIC_NAME);
    let is_plain = is_metric_name(name);
    if is_plain {
        out.push_str(name);
    }
    if has_others || !is_plain {
        out.push('{');
        if !is_plain && !name.is_empty() {
            push_quoted(out, name);
        }
        push_labels(out, labels, !is_plain && !name.is_empty());
        out.push('}');
    }
}

/// Writes labels other than the metric's name, with a comma before the first if `comma`.
fn push_labels(out: &mut String, labels: LabelsRef<'_>, mut comma: bool) {
    for (name, value) in labels.iter().filter(|(n, _)| *n != METRIC_NAME) {
        if std::mem::replace(&mut comma, true) {
            out.push(',');
        }
        if is_label_name(name) {
            out.push_str(name);
        } else {
            push_quoted(out, name);
        }
        out.push('=');
        push_quoted(out, value);
    }
}

fn push_metric_name(out: &mut String, name: &str) {
    if is_metric_name(name) {
        out.push_str(name);
    } else {
        push_quoted(out, name);
    }
}

fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    push_escaped(out, text, true);
    out.push('"');
}

fn push_escaped(out: &mut String, text: &str, quotes: bool) {
    let mut rest = text;
    while let Some(at) = rest.find(|c| c == '\\' || c == '\n' || (quotes && c == '"')) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let mut chars = after.chars();
        out.push_str(match chars.next() {
            Some('\n') => "\\n",
            Some('"') => "\\\"",
            _ => "\\\\",
        });
        rest = chars.as_str();
    }
    out.push_str(rest);
}

/// The shortest text that reads back as `value`.
fn push_float(out: &mut String, value: f64) {
    let magnitude = value.abs();
    if value.is_nan() {
        out.push_str("NaN");
    } else if value.is_infinite() {
        out.push_str(if value > 0.0 { "+Inf" } else { "-Inf" });
    } else if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
        push_display(out, format_args!("{value:e}"));
    } else {
        push_display(out, value);
    }
}

/// Milliseconds as seconds, with as many decimals as there are.
fn push_seconds(out: &mut String, millis: TimestampMs) {
    if millis < 0 {
        out.push('-');
    }
    let millis = millis.unsigned_abs();
    push_display(out, millis / 1000);
    match millis % 1000 {
        0 => {}
        part if part % 100 == 0 => push_display(out, format_args!(".{}", part / 100)),
        part if part % 10 == 0 => push_display(out, format_args!(".{:02}", part / 10)),
        part => push_display(out, format_args!(".{part:03}")),
    }
}

fn push_display(out: &mut String, value: impl std::fmt::Display) {
    write!(out, "{value}").expect("a string takes everything");
}
