//! Reads the header of a page: Parquet writes it in Thrift's compact protocol.

use crate::varint;

/// Structures in structures are followed so deep; ours need two.
const DEPTH_MAX: u32 = 8;

/// Types of fields in the compact protocol.
mod kind {
    pub(super) const STOP: u8 = 0;
    pub(super) const TRUE: u8 = 1;
    pub(super) const FALSE: u8 = 2;
    pub(super) const BYTE: u8 = 3;
    pub(super) const I16: u8 = 4;
    pub(super) const I32: u8 = 5;
    pub(super) const I64: u8 = 6;
    pub(super) const DOUBLE: u8 = 7;
    pub(super) const BINARY: u8 = 8;
    pub(super) const LIST: u8 = 9;
    pub(super) const SET: u8 = 10;
    pub(super) const STRUCT: u8 = 12;
}

/// What is needed of the header of a data page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PageHeader {
    /// Parquet's number for the kind of page; 0 is a data page of the first version.
    pub(super) page_type: i64,
    /// Bytes of the page once it is decompressed.
    pub(super) plain_bytes: usize,
    /// Bytes of the page that follow the header.
    pub(super) compressed_bytes: usize,
    /// Rows of the page.
    pub(super) rows: u64,
    /// Parquet's number for how values are encoded.
    pub(super) encoding: i64,
    /// Bytes of the header itself.
    pub(super) header_bytes: usize,
}

impl PageHeader {
    /// The header that `bytes` begin with.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut header = Self::default();
        let mut input = Input(bytes);
        let mut id = 0;
        while let Some(kind) = input.field(&mut id)? {
            match (id, kind) {
                (1, kind::I32) => header.page_type = input.int()?,
                (2, kind::I32) => header.plain_bytes = usize::try_from(input.int()?).ok()?,
                (3, kind::I32) => header.compressed_bytes = usize::try_from(input.int()?).ok()?,
                (5, kind::STRUCT) => header.data_page(&mut input)?,
                _ => input.skip(kind, DEPTH_MAX)?,
            }
        }
        header.header_bytes = bytes.len() - input.0.len();
        Some(header)
    }

    fn data_page(&mut self, input: &mut Input<'_>) -> Option<()> {
        let mut id = 0;
        while let Some(kind) = input.field(&mut id)? {
            match (id, kind) {
                (1, kind::I32) => self.rows = u64::try_from(input.int()?).ok()?,
                (2, kind::I32) => self.encoding = input.int()?,
                _ => input.skip(kind, DEPTH_MAX)?,
            }
        }
        Some(())
    }
}

/// Bytes that are read from the front.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    fn varint(&mut self) -> Option<u64> {
        varint::take(&mut self.0)
    }

    fn int(&mut self) -> Option<i64> {
        varint::take_signed(&mut self.0)
    }

    fn drop(&mut self, bytes: u64) -> Option<()> {
        self.0 = self.0.get(usize::try_from(bytes).ok()?..)?;
        Some(())
    }

    /// The type of the next field of a structure, whose number goes to `id`; none at its end.
    fn field(&mut self, id: &mut i64) -> Option<Option<u8>> {
        let head = self.byte()?;
        let kind = head & 15;
        if kind == kind::STOP {
            return Some(None);
        }
        *id = match head >> 4 {
            0 => self.int()?,
            further => *id + i64::from(further),
        };
        Some(Some(kind))
    }

    fn skip(&mut self, kind: u8, depth: u32) -> Option<()> {
        match kind {
            kind::TRUE | kind::FALSE => Some(()),
            kind::BYTE => self.drop(1),
            kind::I16 | kind::I32 | kind::I64 => self.varint().map(drop),
            kind::DOUBLE => self.drop(8),
            kind::BINARY => {
                let bytes = self.varint()?;
                self.drop(bytes)
            }
            kind::LIST | kind::SET => self.skip_list(depth.checked_sub(1)?),
            kind::STRUCT => {
                let mut id = 0;
                while let Some(kind) = self.field(&mut id)? {
                    self.skip(kind, depth.checked_sub(1)?)?;
                }
                Some(())
            }
            _ => None,
        }
    }

    fn skip_list(&mut self, depth: u32) -> Option<()> {
        let head = self.byte()?;
        let items = match head >> 4 {
            15 => self.varint()?,
            few => u64::from(few),
        };
        for _ in 0..items {
            match head & 15 {
                // In lists these take a byte, in structures none.
                kind::TRUE | kind::FALSE => self.drop(1)?,
                kind => self.skip(kind, depth)?,
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A data page of 5760 rows, encoded as 5, with statistics that are of no interest.
    const HEADER: &[u8] = &[
        0x15, 0x00, // page_type
        0x15, 0x80, 0x02, // plain_bytes
        0x15, 0x14, // compressed_bytes
        0x2c, // data_page_header
        0x15, 0x80, 0x5a, // rows
        0x15, 0x0a, // encoding
        0x15, 0x06, 0x15, 0x06, // encodings of levels
        0x1c, 0x18, 0x02, 0xff, 0xff, 0x00, // statistics
        0x00, 0x00, // ends
        0xaa, 0xbb, // what follows
    ];

    #[test]
    fn what_is_needed_is_found() {
        let expected = PageHeader {
            page_type: 0,
            plain_bytes: 128,
            compressed_bytes: 10,
            rows: 5760,
            encoding: 5,
            header_bytes: HEADER.len() - 2,
        };
        assert_eq!(PageHeader::parse(HEADER), Some(expected));
    }

    #[test]
    fn cut_headers_are_none() {
        for end in 0..HEADER.len() - 2 {
            assert_eq!(PageHeader::parse(&HEADER[..end]), None, "{end}");
        }
    }

    proptest! {
        #[test]
        fn hostile_bytes_end(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = PageHeader::parse(&bytes);
        }
    }
}
