//! Keeps a bucket as the store is: blocks that are cut or merged go up, blocks that are gone go.
//!
//! What to do follows from two lists, what is here and what is there, so a restart needs no other memory; but only blocks that
//! [`record`] says were written by this store are ever removed: an empty data folder must not empty a bucket.

mod file;
mod plan;
mod record;
mod round;
mod uploader;

pub use uploader::{UploadOptions, Uploader};
