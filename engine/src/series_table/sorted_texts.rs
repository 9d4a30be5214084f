//! The texts of all values of a label in their order, in one piece of memory.

/// Texts, each with the position of its value.
#[derive(Debug, Default)]
pub(super) struct SortedTexts {
    texts: String,
    /// Where each text ends, and the position of its value.
    ends: Vec<(u32, u32)>,
}

impl SortedTexts {
    /// These texts and positions.
    pub(super) fn of(mut texts: Vec<(&str, u32)>) -> Self {
        texts.sort_unstable();
        let mut sorted = Self::default();
        for (text, position) in texts {
            sorted.texts.push_str(text);
            sorted.ends.push((sorted.texts.len() as u32, position));
        }
        sorted
    }

    fn get(&self, nth: usize) -> Option<(&str, u32)> {
        let (end, position) = *self.ends.get(nth)?;
        let before = nth.checked_sub(1).and_then(|before| self.ends.get(before));
        let start = before.map_or(0, |(end, _)| *end);
        Some((self.texts.get(start as usize..end as usize)?, position))
    }

    /// Those that begin with `prefix`.
    pub(super) fn beginning_with(&self, prefix: &str) -> impl Iterator<Item = (&str, u32)> {
        let is_before = |nth: usize| self.get(nth).is_some_and(|(text, _)| text < prefix);
        let (mut low, mut high) = (0, self.ends.len());
        while low < high {
            let middle = low.midpoint(high);
            if is_before(middle) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let rest = (low..).map_while(|nth| self.get(nth));
        rest.take_while(move |(text, _)| text.starts_with(prefix))
    }

    /// Bytes of memory.
    pub(super) fn heap_bytes(&self) -> usize {
        self.texts.capacity() + self.ends.capacity() * size_of::<(u32, u32)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_found() {
        let sorted = SortedTexts::of(vec![("b", 0), ("ab", 1), ("a", 2), ("aé", 3), ("c", 4)]);
        let positions = |prefix| {
            let found = sorted.beginning_with(prefix);
            found.map(|(_, position)| position).collect::<Vec<_>>()
        };
        assert_eq!(positions(""), [2, 1, 3, 0, 4]);
        assert_eq!(positions("a"), [2, 1, 3]);
        assert_eq!(positions("ab"), [1]);
        assert_eq!(positions("d"), [0_u32; 0]);
    }
}
