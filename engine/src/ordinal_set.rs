//! A set of ordinals, a bit each.

/// Ordinals below a bound.
#[derive(Debug, Clone, Default)]
pub(crate) struct OrdinalSet {
    words: Vec<u64>,
}

impl OrdinalSet {
    /// An empty set with room for ordinals below `end`.
    pub(crate) fn new(end: u32) -> Self {
        let words = vec![0; (end as usize).div_ceil(64)];
        Self { words }
    }

    /// Adds an ordinal; one that there is no room for is left out.
    #[inline]
    pub(crate) fn insert(&mut self, ordinal: u32) {
        if let Some(word) = self.words.get_mut(ordinal as usize / 64) {
            *word |= 1 << (ordinal % 64);
        }
    }

    /// Takes an ordinal out.
    #[inline]
    pub(crate) fn remove(&mut self, ordinal: u32) {
        if let Some(word) = self.words.get_mut(ordinal as usize / 64) {
            *word &= !(1 << (ordinal % 64));
        }
    }

    /// Keeps what is in `other`, too.
    pub(crate) fn intersect(&mut self, other: &Self) {
        let others = other.words.iter().chain(std::iter::repeat(&0));
        for (word, other) in self.words.iter_mut().zip(others) {
            *word &= other;
        }
    }

    /// Whether an ordinal is in it.
    #[inline]
    pub(crate) fn contains(&self, ordinal: u32) -> bool {
        let word = self.words.get(ordinal as usize / 64).copied().unwrap_or(0);
        word & 1 << (ordinal % 64) != 0
    }

    /// Takes all out.
    pub(crate) fn clear(&mut self) {
        self.words.fill(0);
    }

    /// Number of ordinals.
    pub(crate) fn len(&self) -> usize {
        let ones = self.words.iter().map(|word| word.count_ones() as usize);
        ones.sum()
    }

    /// Its ordinals, increasing.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        let words = (0..).zip(&self.words);
        words.flat_map(|(number, word): (u32, &u64)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros())?;
                rest &= rest - 1;
                Some(number * 64 + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinals_come_and_go() {
        let mut set = OrdinalSet::new(200);
        for ordinal in [199, 0, 63, 64, 130, 1000] {
            set.insert(ordinal);
        }
        set.remove(63);
        set.remove(9);
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 64, 130, 199]);
        let mut other = OrdinalSet::new(100);
        [0, 1, 64].iter().for_each(|o| other.insert(*o));
        set.intersect(&other);
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 64]);
        assert_eq!(set.len(), 2);
        assert!(set.contains(64) && !set.contains(1) && !set.contains(5000));
        set.clear();
        assert_eq!(set.len(), 0);
    }
}
