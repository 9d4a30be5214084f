//! How do blocks get into a bucket, and back?
//!
//! A [`Bucket`] is a prefix of an object store that has the blocks of a store, in the layout of a data folder. Writers upload
//! ([`Uploader`]), readers see it as an [`narthex_engine::block::BlockStore`]. All waiting for the network happens on a small
//! runtime of the bucket's own; whoever calls is a plain thread.

mod blocks;
mod bucket;
mod cache;
mod client;
mod counters;
mod limits;
mod location;
mod retry;
mod upload;

pub use bucket::{Bucket, BucketOptions};
pub use cache::CacheOptions;
pub use counters::{BucketStats, UploadStats};
pub use location::is_url;
pub use retry::Patience;
pub use upload::{UploadOptions, Uploader};
