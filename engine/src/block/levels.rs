//! Definition levels of a page: which rows have a value, as Parquet's mix of runs and bits.

use crate::varint;

/// Appends which of the rows are `present`, preceded by the length of that in four bytes.
///
/// Groups of eight rows that all agree make a run; the others are packed, a bit for each row.
pub(super) fn put_levels(present: &[bool], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend([0; 4]);
    let mut rest = present;
    while let Some(first) = rest.chunks(8).next() {
        let groups = rest.chunks(8).take_while(|g| agreed(g) == agreed(first));
        let rows = (groups.count() * 8).min(rest.len());
        let (run, later) = rest.split_at_checked(rows).unwrap_or((rest, &[]));
        put_run(agreed(first), run, out);
        rest = later;
    }
    let bytes = (out.len() - start - 4) as u32;
    let length = out.iter_mut().skip(start).take(4);
    length.zip(bytes.to_le_bytes()).for_each(|(to, b)| *to = b);
}

/// What all rows say, if it is the same.
fn agreed(rows: &[bool]) -> Option<bool> {
    let first = *rows.first()?;
    rows.iter().all(|row| *row == first).then_some(first)
}

fn put_run(agreed: Option<bool>, rows: &[bool], out: &mut Vec<u8>) {
    match agreed {
        Some(present) => {
            varint::push((rows.len() as u64) << 1, out);
            out.push(u8::from(present));
        }
        None => {
            varint::push((rows.len().div_ceil(8) as u64) << 1 | 1, out);
            out.extend(rows.chunks(8).map(bits));
        }
    }
}

fn bits(rows: &[bool]) -> u8 {
    let rows = rows.iter().enumerate();
    rows.fold(0, |byte, (i, row)| byte | u8::from(*row) << i)
}

/// Which of `rows` rows have a value, `None` if all have, and where in `page` the values begin.
pub(super) fn read_levels(page: &[u8], rows: usize) -> Option<(Option<Vec<bool>>, usize)> {
    let (length, rest) = page.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length) as usize;
    let mut levels = rest.get(..length)?;
    let end = length + 4;
    let mut present = Vec::new();
    while present.len() < rows {
        let head = varint::take(&mut levels)?;
        let left = rows - present.len();
        if head & 1 == 0 {
            let (level, rest) = levels.split_first()?;
            levels = rest;
            let run = usize::try_from(head >> 1).ok()?.min(left);
            if run == rows && *level == 1 {
                return Some((None, end));
            }
            if run == 0 {
                return None;
            }
            present.resize(present.len() + run, *level == 1);
        } else {
            let bytes = usize::try_from(head >> 1).ok()?.min(left.div_ceil(8));
            let (packed, rest) = levels.split_at_checked(bytes)?;
            levels = rest;
            if packed.is_empty() {
                return None;
            }
            let bits = packed
                .iter()
                .flat_map(|b| (0..8).map(move |i| b >> i & 1 == 1));
            present.extend(bits.take(left));
        }
    }
    let all = present.iter().fold(true, |all, there| all & there);
    Some(((!all).then_some(present), end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_put_is_read(runs in prop::collection::vec((any::<bool>(), 1..40_usize), 1..20)) {
            let rows: Vec<bool> = runs.iter().flat_map(|(there, n)| std::iter::repeat_n(*there, *n)).collect();
            let mut page = Vec::new();
            put_levels(&rows, &mut page);
            let end = page.len();
            page.push(7);
            let all = rows.iter().all(|there| *there);
            prop_assert_eq!(read_levels(&page, rows.len()), Some(((!all).then_some(rows), end)));
        }

        #[test]
        fn hostile_bytes_end(page in prop::collection::vec(any::<u8>(), 0..100), rows in 0..500_usize) {
            let _ = read_levels(&page, rows);
        }
    }

    #[test]
    fn runs_and_bits() {
        let cases: &[(&[bool], &[u8])] = &[
            (&[], &[]),
            (&[true; 3], &[6, 1]),
            (&[false; 300], &[0xd8, 4, 0]),
            (&[true, false, true], &[3, 0b101]),
            (
                &[[true; 8], [false; 8], [false; 8]].concat(),
                &[16, 1, 32, 0],
            ),
            (
                &[true, false, true, true, true, true, true, true, false, true],
                &[5, 0b1111_1101, 0b10],
            ),
        ];
        for (present, bytes) in cases {
            let mut out = vec![9];
            put_levels(present, &mut out);
            let length = (bytes.len() as u32).to_le_bytes();
            assert_eq!(out, [&[9], &length[..], bytes].concat(), "{present:?}");
        }
    }
}
