//! Pages against maps.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn read(page: &Page, slot: usize, first_ms: u32, last_ms: u32) -> Vec<(i64, u64)> {
    let (mut timestamps, mut values, mut scratch) = (Vec::new(), Vec::new(), Vec::new());
    let mut out = Output {
        start: 1000,
        timestamps: &mut timestamps,
        values: &mut values,
        scratch: &mut scratch,
    };
    if let Some(view) = page.view(slot) {
        view.read(first_ms, last_ms, &mut out);
    }
    let bits = values.into_iter().map(f64::to_bits);
    timestamps.into_iter().zip(bits).collect()
}

proptest! {
    #[test]
    fn reads_as_maps_would(
        samples in prop::collection::vec((0_usize..5, 0_u32..4000, prop_oneof![(0..3_u8).prop_map(f64::from), any::<f64>()]), 0..900),
        sort in any::<bool>(),
        (first, last) in (0_u32..4100, 0_u32..4100),
    ) {
        let mut samples = samples;
        if sort {
            samples.sort_by_key(|s| s.1);
        }
        let (mut page, mut model) = (Page::new(), BTreeMap::<(usize, u32), u64>::new());
        let mut before = None;
        for (i, (slot, offset, value)) in samples.iter().enumerate() {
            if i == 200 {
                before = Some((page.clone(), model.clone()));
            }
            let pushed = match model.insert((*slot, *offset), value.to_bits()) {
                None => Pushed::Added,
                Some(bits) if bits == value.to_bits() => Pushed::Repeated,
                Some(_) => Pushed::Replaced,
            };
            prop_assert_eq!(page.push(*slot, *offset, *value), pushed);
        }
        for (page, model) in before.into_iter().chain([(page, model)]) {
            for slot in 0..6 {
                let inside = (first..=last.max(first)).collect::<Vec<_>>();
                let want: Vec<_> = inside.iter().filter_map(|o| Some((i64::from(*o) + 1000, *model.get(&(slot, *o))?))).collect();
                prop_assert_eq!(read(&page, slot, first, last.max(first)), want.clone());
                let all: Vec<_> = model.iter().filter(|(k, _)| k.0 == slot).map(|(k, v)| (i64::from(k.1) + 1000, *v)).collect();
                prop_assert_eq!(read(&page, slot, 0, u32::MAX), all);
                let max = page.view(slot).map_or(0, |v| v.count_max(first, last.max(first)));
                prop_assert!(want.len() as u64 <= max);
            }
        }
    }
}

proptest! {
    #[test]
    fn many_at_once_are_as_one_by_one(
        samples in prop::collection::vec((0_u32..9, 0_i64..3000, (0..9_u8).prop_map(f64::from)), 0..300),
        (rounds, sort, cut) in (1..40_i64, any::<bool>(), 1_usize..5000),
    ) {
        let later = |round| samples.iter().map(move |s| (s.0, s.1 + round * 1500, s.2));
        let mut samples: Vec<_> = (0..rounds).flat_map(later).collect();
        if sort {
            samples.sort_by_key(|s| s.1);
        }
        let ordinals: Vec<u32> = samples.iter().map(|s| 1280 + s.0).collect();
        let timestamps: Vec<i64> = samples.iter().map(|s| 70_000 + s.1).collect();
        let values: Vec<f64> = samples.iter().map(|s| s.2).collect();
        let pieces = ordinals.chunks(cut).zip(timestamps.chunks(cut)).zip(values.chunks(cut));
        let pieces = pieces.map(|((ordinals, timestamps), values)| Piece { ordinals, timestamps, values });
        let (mut many, mut one, mut room) = (Page::new(), Page::new(), Vec::new());
        let stored = many.push_all(70_000, pieces, &mut room);
        let push = |s: &(u32, i64, f64)| one.push(s.0 as usize, s.1 as u32, s.2);
        let new = samples.iter().map(push).filter(|p| *p != Pushed::Repeated);
        prop_assert_eq!(stored, new.count() as u64);
        for slot in 0..9 {
            prop_assert_eq!(read(&many, slot, 0, u32::MAX), read(&one, slot, 0, u32::MAX));
        }
    }
}

#[test]
fn a_regular_series_takes_few_bytes() {
    let mut page = Page::new();
    for i in 0..480_u32 {
        for slot in 0..PAGE_SLOTS {
            let value = f64::from(i * (slot as u32 + 7)) / 100.0;
            page.push(slot, 15_000 * i, value);
        }
    }
    assert_eq!(page.len(), PAGE_SLOTS);
    let bytes = page.heap_bytes() as f64 / (480.0 * PAGE_SLOTS as f64);
    assert!(bytes < 3.5, "{bytes} bytes per sample");
    assert_eq!(read(&page, 5, 0, u32::MAX).len(), 480);
    assert_eq!(read(&page, 5, 15_000, 30_000).len(), 2);
}
