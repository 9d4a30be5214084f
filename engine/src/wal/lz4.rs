//! LZ4 frames of a known size, unpacked straight into their place. Arrow's decoder copies each of them twice.

const MAGIC: u32 = 0x184d_2204;

/// Version 1, independent blocks, and nothing optional: what Arrow writes.
const PLAIN: u8 = 0b0110_0000;

/// A block that did not become smaller stands as it is.
const UNCOMPRESSED: u32 = 1 << 31;

/// Fills `out` with what a frame holds; `None` if the frame is not plain or does not hold just as much.
pub(super) fn unpack(frame: &[u8], mut out: &mut [u8]) -> Option<()> {
    // Two bytes of flags and one that is their checksum; the record has one of its own.
    let ([m0, m1, m2, m3, PLAIN, _, _], mut rest) = frame.split_first_chunk::<7>()? else {
        return None;
    };
    if u32::from_le_bytes([*m0, *m1, *m2, *m3]) != MAGIC {
        return None;
    }
    loop {
        let (size, blocks) = rest.split_first_chunk::<4>()?;
        let size = u32::from_le_bytes(*size);
        if size == 0 {
            return (out.is_empty() && blocks.is_empty()).then_some(());
        }
        let (block, after) = blocks.split_at_checked((size & !UNCOMPRESSED) as usize)?;
        let unpacked = if size & UNCOMPRESSED == 0 {
            lz4_flex::block::decompress_into(block, out).ok()?
        } else {
            out.get_mut(..block.len())?.copy_from_slice(block);
            block.len()
        };
        out = out.get_mut(unpacked..)?;
        rest = after;
    }
}
