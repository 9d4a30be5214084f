//! Percents and fractions without the noise of binary division: 99.9 % is 0.999.

/// `percent / 100`, rounded once.
pub fn from_percent(percent: f64) -> f64 {
    shifted(percent, "e-2")
}

/// `fraction * 100`, rounded once.
pub fn to_percent(fraction: f64) -> f64 {
    shifted(fraction, "e2")
}

/// `1 - fraction` with as many decimals as `fraction` has: 0.001 of 0.999.
pub fn complement(fraction: f64) -> f64 {
    let text = fraction.to_string();
    let decimals = text
        .split_once('.')
        .map_or(0, |(_, decimals)| decimals.len());
    let rest = format!("{:.decimals$}", 1.0 - fraction);
    rest.parse().unwrap_or(1.0 - fraction)
}

fn shifted(value: f64, exponent: &str) -> f64 {
    // A float's shortest text always reads back.
    format!("{value}{exponent}").parse().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_noise() {
        for (percent, fraction, rest) in [
            (99.9, 0.999, 0.001),
            (99.0, 0.99, 0.01),
            (95.0, 0.95, 0.05),
            (99.995, 0.99995, 0.00005),
            (50.0, 0.5, 0.5),
        ] {
            assert_eq!(from_percent(percent).to_bits(), f64::to_bits(fraction));
            assert_eq!(to_percent(fraction).to_bits(), f64::to_bits(percent));
            assert_eq!(complement(fraction).to_bits(), f64::to_bits(rest));
        }
    }
}
