//! The exposition protocols and their names.

/// An exposition protocol, named as in Prometheus' `scrape_protocols`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Length-delimited protobuf messages. Known by name; not read yet.
    PrometheusProto,
    /// OpenMetrics 1.0.0.
    OpenMetricsText1_0_0,
    /// OpenMetrics 0.0.1, read like 1.0.0.
    OpenMetricsText0_0_1,
    /// Prometheus text with quoted UTF-8 names.
    PrometheusText1_0_0,
    /// Prometheus text.
    PrometheusText0_0_4,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::PrometheusProto,
        Self::OpenMetricsText1_0_0,
        Self::OpenMetricsText0_0_1,
        Self::PrometheusText1_0_0,
        Self::PrometheusText0_0_4,
    ];

    /// What a scraper asks for unless told otherwise, the best first.
    pub const DEFAULT: [Self; 4] = [
        Self::OpenMetricsText1_0_0,
        Self::OpenMetricsText0_0_1,
        Self::PrometheusText1_0_0,
        Self::PrometheusText0_0_4,
    ];

    /// The name in configuration files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PrometheusProto => "PrometheusProto",
            Self::OpenMetricsText1_0_0 => "OpenMetricsText1.0.0",
            Self::OpenMetricsText0_0_1 => "OpenMetricsText0.0.1",
            Self::PrometheusText1_0_0 => "PrometheusText1.0.0",
            Self::PrometheusText0_0_4 => "PrometheusText0.0.4",
        }
    }

    /// The protocol with that name in configuration files.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str() == name)
    }

    /// The `Content-Type` of a body in this protocol.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::PrometheusProto => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
            }
            Self::OpenMetricsText1_0_0 => {
                "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8"
            }
            Self::OpenMetricsText0_0_1 => {
                "application/openmetrics-text; version=0.0.1; charset=utf-8"
            }
            Self::PrometheusText1_0_0 => {
                "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8"
            }
            Self::PrometheusText0_0_4 => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// Whether bodies can be read and written.
    pub fn is_supported(self) -> bool {
        self != Self::PrometheusProto
    }

    /// Whether this is a version of OpenMetrics.
    pub fn is_openmetrics(self) -> bool {
        matches!(
            self,
            Self::OpenMetricsText1_0_0 | Self::OpenMetricsText0_0_1
        )
    }
}
