//! A long OpenMetrics text in pieces that fit into memory, each a text of its own.
//!
//! A piece ends at the end of a line. It begins with the `# TYPE` line that was in force, and ends with `# EOF`, so that
//! the parser reads it like a whole text.

use std::io::{self, Read};

/// Bytes of a piece, without the lines added to it; a longer line makes a longer piece.
const CHUNK_BYTES: usize = 8 << 20;

/// A piece stays below this even if a line does not end, in bytes.
const LINE_BYTES_MAX: usize = 64 << 20;

const END: &[u8] = b"# EOF\n";

/// Cuts what a reader gives into pieces.
pub(crate) struct Chunks<R> {
    reader: R,
    /// What was read of the next piece.
    rest: Vec<u8>,
    /// The `# TYPE` line in force, with its line end.
    type_line: Vec<u8>,
    /// Line of the text that comes next, from 1.
    next_line: u64,
    finished: bool,
}

/// A piece.
pub(crate) struct Chunk {
    /// A whole text.
    pub(crate) text: Vec<u8>,
    /// Add this to a line number of the piece to have that of the whole.
    pub(crate) line_offset: i64,
    /// Bytes taken from the whole.
    pub(crate) source_bytes: u64,
}

impl<R: Read> Chunks<R> {
    /// The pieces of what `reader` gives.
    pub(crate) fn new(reader: R) -> Self {
        Self {
            reader,
            rest: Vec::new(),
            type_line: Vec::new(),
            next_line: 1,
            finished: false,
        }
    }

    /// The next piece, `None` after the last. The last one holds the end of the text as it is.
    ///
    /// # Errors
    /// The reader failed, or a line is longer than 64 MiB.
    pub(crate) fn next_chunk(&mut self) -> io::Result<Option<Chunk>> {
        if self.finished {
            return Ok(None);
        }
        let end = self.fill()?;
        let tail = self.rest.split_off(end);
        let body = std::mem::replace(&mut self.rest, tail);
        Ok(Some(self.wrap(&body)))
    }

    /// Reads until a piece is there; returns where it ends.
    fn fill(&mut self) -> io::Result<usize> {
        let mut wanted = CHUNK_BYTES;
        loop {
            let missing = wanted.saturating_sub(self.rest.len()) as u64;
            let read = (&mut self.reader)
                .take(missing)
                .read_to_end(&mut self.rest)?;
            if (read as u64) < missing {
                self.finished = true;
                return Ok(self.rest.len());
            }
            if let Some(at) = self.rest.iter().rposition(|b| *b == b'\n') {
                return Ok(at + 1);
            }
            if wanted >= LINE_BYTES_MAX {
                let message = format!(
                    "line {} is longer than {LINE_BYTES_MAX} bytes",
                    self.next_line
                );
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
            wanted *= 2;
        }
    }

    fn wrap(&mut self, body: &[u8]) -> Chunk {
        let added_lines = i64::from(!self.type_line.is_empty());
        let mut text = std::mem::take(&mut self.type_line);
        text.extend_from_slice(body);
        if !self.finished {
            self.type_line = last_type_line(&text).to_vec();
            text.extend_from_slice(END);
        }
        let line_offset = self.next_line as i64 - 1 - added_lines;
        self.next_line += body.iter().filter(|b| **b == b'\n').count() as u64;
        Chunk {
            text,
            line_offset,
            source_bytes: body.len() as u64,
        }
    }
}

/// The last line of `text` that declares a type, with its line end; empty if none does.
fn last_type_line(text: &[u8]) -> &[u8] {
    text.split_inclusive(|b| *b == b'\n')
        .rfind(|line| line.starts_with(b"# TYPE "))
        .unwrap_or(b"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_at_line_ends() {
        let mut text = b"# TYPE a counter\n".to_vec();
        for i in 0..1_000_000 {
            text.extend_from_slice(format!("a_total{{i=\"{i}\"}} 1 1\n").as_bytes());
        }
        text.extend_from_slice(END);
        let mut chunks = Chunks::new(text.as_slice());
        let mut whole = Vec::new();
        let mut count = 0;
        while let Some(chunk) = chunks.next_chunk().expect("memory can be read") {
            assert!(chunk.text.starts_with(b"# TYPE a counter\n") && chunk.text.ends_with(END));
            // The line in the piece that comes after the added one is where the text before ended.
            let lines_before = whole.iter().filter(|b| **b == b'\n').count() as i64;
            let added = i64::from(count > 0);
            assert_eq!(chunk.line_offset, lines_before - added);
            let end = usize::try_from(chunk.source_bytes).expect("small")
                + if added > 0 { 17 } else { 0 };
            whole.extend_from_slice(&chunk.text[if added > 0 { 17 } else { 0 }..end]);
            count += 1;
        }
        assert!(count > 1 && whole == text);
    }

    #[test]
    fn short_texts_come_as_they_are() {
        for text in [&b""[..], b"a 1", b"# EOF\n"] {
            let mut chunks = Chunks::new(text);
            let chunk = chunks
                .next_chunk()
                .expect("memory can be read")
                .expect("one piece");
            assert_eq!((chunk.text.as_slice(), chunk.line_offset), (text, 0));
            assert!(chunks.next_chunk().expect("memory can be read").is_none());
        }
    }
}
