//! Frames of a streamed answer, cut from bytes as they arrive.

use narthex_model::Error;

/// A server sends frames of about a megabyte; a longer one is damage.
const FRAME_BYTES_MAX: u64 = 64 << 20;

/// Bytes of a checksum.
const SUM_BYTES: usize = 4;

/// Bytes that have arrived and were not given out yet.
#[derive(Debug, Default)]
pub struct Frames {
    bytes: Vec<u8>,
    /// How many of them were given out.
    taken: usize,
}

impl Frames {
    /// Adds bytes that have arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.taken);
        self.taken = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The message of the next frame; `None` if it has not arrived as a whole.
    ///
    /// # Errors
    /// `Corrupt` if its checksum is wrong or its length impossible.
    pub fn next_frame(&mut self) -> Result<Option<&[u8]>, Error> {
        let rest = self.bytes.get(self.taken..).unwrap_or(&[]);
        let Some((length, length_bytes)) = read_length(rest)? else {
            return Ok(None);
        };
        let start = length_bytes + SUM_BYTES;
        let Some(frame) = rest.get(length_bytes..start + length) else {
            return Ok(None);
        };
        self.taken += start + length;
        match frame.split_first_chunk::<SUM_BYTES>() {
            Some((sum, message)) if crc32c::crc32c(message) == u32::from_be_bytes(*sum) => {
                Ok(Some(message))
            }
            _ => Err(Error::corrupt(
                "the checksum of a frame of the answer does not match",
            )),
        }
    }

    /// Whether bytes of a frame are left.
    pub fn is_torn(&self) -> bool {
        self.taken < self.bytes.len()
    }
}

/// The length that begins `bytes`, and how many bytes say it.
fn read_length(bytes: &[u8]) -> Result<Option<(usize, usize)>, Error> {
    let mut length = 0_u64;
    for (at, byte) in bytes.iter().enumerate().take(5) {
        length |= u64::from(byte & 0x7f) << (7 * at);
        if *byte < 0x80 && length <= FRAME_BYTES_MAX {
            return Ok(Some((length as usize, at + 1)));
        }
        if length > FRAME_BYTES_MAX {
            break;
        }
    }
    if bytes.len() < 5 && length <= FRAME_BYTES_MAX {
        return Ok(None);
    }
    Err(Error::corrupt("a frame of the answer is too long"))
}
