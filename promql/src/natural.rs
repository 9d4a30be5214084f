//! The natural order of texts: digits count as numbers, so that `a2` comes before `a10`.

use std::cmp::Ordering;

/// Compares two texts. Those that differ only in zeros before numbers compare as plain texts.
pub(crate) fn natural_order(a: &str, b: &str) -> Ordering {
    let (mut rest_a, mut rest_b) = (a, b);
    loop {
        match (rest_a.is_empty(), rest_b.is_empty()) {
            (true, true) => return a.cmp(b),
            (false, false) => {}
            (a_ends, b_ends) => return b_ends.cmp(&a_ends),
        }
        let (chunk_a, chunk_b);
        (chunk_a, rest_a) = first_chunk(rest_a);
        (chunk_b, rest_b) = first_chunk(rest_b);
        let order = match (is_number(chunk_a), is_number(chunk_b)) {
            (true, true) => by_number(chunk_a, chunk_b),
            _ => chunk_a.cmp(chunk_b),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// The digits, or the text without digits, at the start of `text`, and what follows.
fn first_chunk(text: &str) -> (&str, &str) {
    let digits = is_number(text);
    let end = text.find(|c: char| c.is_ascii_digit() != digits);
    text.split_at(end.unwrap_or(text.len()))
}

fn is_number(chunk: &str) -> bool {
    chunk.starts_with(|c: char| c.is_ascii_digit())
}

/// Compares digits of any number by their value.
fn by_number(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sorted() {
        let texts = [
            "",
            "-1",
            "1",
            "01a",
            "2",
            "10",
            "99999999999999999999",
            "a",
            "a2",
            "a2b",
            "a10",
            "b",
            "é1",
        ];
        for pair in texts.windows(2) {
            assert_eq!(natural_order(pair[0], pair[1]), Ordering::Less, "{pair:?}");
        }
    }

    proptest! {
        #[test]
        fn a_total_order(mut texts in prop::collection::vec("[a0-3!]{0,5}", 0..30)) {
            texts.sort_by(|a, b| natural_order(a, b)); // would panic
            for (i, a) in texts.iter().enumerate() {
                prop_assert!(texts[i..].iter().all(|b| natural_order(a, b).is_le()));
            }
        }
    }
}
