//! Good and bad OpenMetrics.

use crate::Protocol;
use crate::testing::{check_bad, check_good};

const OPENMETRICS: Protocol = Protocol::OpenMetricsText1_0_0;

#[test]
fn good() {
    check_good(
        OPENMETRICS,
        &[
            ("# EOF", "eof"),
            ("# EOF\n", "eof"),
            ("up 1\n# EOF\n", "up{} 1\neof"),
            (
                "a_total{x=\"y\"} 17 1520879607.789\n# EOF\n",
                "a_total{x=\"y\"} 17 @1520879607789\neof",
            ),
            (
                "a_created 1520430000.5\n# EOF\n",
                "a_created{} 1520430000.5\neof",
            ),
            (
                "{\"my.metric\",l=\"v\"} 1 -0.5\n# EOF\n",
                "my.metric{l=\"v\"} 1 @-500\neof",
            ),
            (
                "# TYPE a_seconds gaugehistogram\n# UNIT a_seconds seconds\n# HELP a_seconds Says \\\"hi\\\".\n# EOF\n",
                "type a_seconds gaugehistogram\nunit a_seconds \"seconds\"\nhelp a_seconds \"Says \\\"hi\\\".\"\neof",
            ),
            (
                "# UNIT a \n# HELP a \n# TYPE a unknown\n# EOF\n",
                "unit a \"\"\nhelp a \"\"\ntype a unknown\neof",
            ),
        ],
    );
}

#[test]
fn exemplars() {
    check_good(
        OPENMETRICS,
        &[
            ("a 1 # {} 0.5\n# EOF\n", "a{} 1 exemplar {} 0.5\neof"),
            (
                "a 1 2 # {trace_id=\"x\"} 0.5 123.4\n# EOF\n",
                "a{} 1 @2000 exemplar {trace_id=\"x\"} 0.5 @123400\neof",
            ),
            (
                "a{b=\"# {\"} 1 # {c=\"d\",e=\"f\"} 3\na 2\n# EOF\n",
                "a{b=\"# {\"} 1 exemplar {c=\"d\",e=\"f\"} 3\na{} 2\neof",
            ),
        ],
    );
}

#[test]
fn bad() {
    check_bad(
        OPENMETRICS,
        &[
            (
                b"",
                "line 1, column 1: expected \"# EOF\" as last line, found the end of the body",
            ),
            (
                b"up 1\n",
                "line 2, column 1: expected \"# EOF\" as last line, found the end of the body",
            ),
            (
                b"# EOF\nup 1\n",
                "line 2, column 1: expected nothing after \"# EOF\", found \"up 1\"",
            ),
            (
                b"# EOF\n\n",
                "line 2, column 1: expected nothing after \"# EOF\", found the end of the line",
            ),
            (
                b"\n# EOF\n",
                "line 1, column 1: expected a sample or metadata, found the end of the line",
            ),
            (
                b"# EOF \n",
                "line 1, column 1: expected # TYPE, # HELP, # UNIT or # EOF, found \"# EOF \"",
            ),
            (
                b"# comment\n# EOF\n",
                "line 1, column 1: expected # TYPE, # HELP, # UNIT or # EOF, found \"# comment\"",
            ),
            (
                b"# TYPE a untyped\n# EOF\n",
                "line 1, column 10: expected a metric type, found \"untyped\"",
            ),
            (
                b"# UNIT a_seconds bytes\n# EOF\n",
                "line 1, column 18: expected a unit that ends the metric name, found \"bytes\"",
            ),
            (
                b"# UNIT seconds seconds\n# EOF\n",
                "line 1, column 16: expected a unit that ends the metric name, found \"seconds\"",
            ),
            (
                b" up 1\n# EOF\n",
                "line 1, column 1: expected a metric name, found \" up 1\"",
            ),
            (
                b"up 1 x\n# EOF\n",
                "line 1, column 6: expected seconds as timestamp, found \"x\"",
            ),
            (
                b"up 1 NaN\n# EOF\n",
                "line 1, column 6: expected seconds as timestamp, found \"NaN\"",
            ),
            (
                b"up 1 2 3\n# EOF\n",
                "line 1, column 8: expected an exemplar or the end of the line, found \"3\"",
            ),
            (
                b"up 1 #{} 1\n# EOF\n",
                "line 1, column 6: expected an exemplar or the end of the line, found \"#{} 1\"",
            ),
            (
                b"up 1 # {\"a\"} 1\n# EOF\n",
                "line 1, column 12: expected an equals sign after the label name, found \"} 1\"",
            ),
            (
                b"up 1 # {a=\"b\"}\n# EOF\n",
                "line 1, column 15: expected a number as value of the exemplar, found the end of the line",
            ),
            (
                b"up 1 # {} 1 2 3\n# EOF\n",
                "line 1, column 15: expected the end of the line after the exemplar, found \"3\"",
            ),
            (
                b"up 1\r\n# EOF\n",
                "line 1, column 4: expected a number as value, found \"1\\r\"",
            ),
            (
                b"up 1\n# EOF\n\xff",
                "line 3, column 1: expected UTF-8, found other bytes",
            ),
        ],
    );
}
