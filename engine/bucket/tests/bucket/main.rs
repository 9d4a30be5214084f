//! Blocks go into a bucket and come back: over a real S3 server, with and without faults on the way.

mod cache;
mod faults;
mod model;
mod support;
mod upload;
