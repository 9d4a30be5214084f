//! What somebody who misspelt a word most likely meant.

/// The candidate that `key` was most likely meant to be, if any is near.
pub fn nearest<'a>(key: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let nearest = candidates.map(|c| (edit_distance(key, c), c)).min()?;
    (nearest.0 <= key.len().div_ceil(3).min(3)).then_some(nearest.1)
}

/// Letters to insert, delete or replace to make `b` of `a`.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(i + 1);
        for ((to, corner), above) in b.iter().zip(&row).zip(row.iter().skip(1)) {
            let left = next.last().copied().unwrap_or_default();
            let replaced = corner + usize::from(from != *to);
            next.push(replaced.min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_and_far() {
        let keys = || ["scrape_interval", "scrape_timeout", "scheme"].into_iter();
        assert_eq!(nearest("scrape_intervall", keys()), Some("scrape_interval"));
        assert_eq!(nearest("shceme", keys()), Some("scheme"));
        assert_eq!(nearest("colour", keys()), None);
    }
}
