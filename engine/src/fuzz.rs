//! One function per reader of bytes from disk, for fuzz targets: whatever they are, no panic, hang or huge allocation.

pub use crate::block::fuzz::{block, block_meta};
pub use crate::wal::fuzz::wal_segment;
