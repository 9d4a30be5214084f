//! What must hold for any text: an entrance for the fuzzer.

use crate::{ParseOptions, parse, pretty};

/// Reads any bytes as a query. What is read prints to a text that reads back as the same, also laid out over lines.
///
/// # Panics
/// If it does not: that is what the fuzzer looks for.
pub fn query(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(expr) = parse(text, &ParseOptions::all()) else {
        return;
    };
    let printed = expr.to_string();
    for copy in [&printed, &pretty(&expr)] {
        let again = parse(copy, &ParseOptions::all());
        let again = again.map(|expr| expr.to_string());
        assert_eq!(again.as_deref(), Ok(printed.as_str()), "{text}");
    }
}
