//! What does a bucket look like that fails? An S3 server for tests, and faults in front of it.
//!
//! [`S3Server`] is a real server of the S3 protocol over a folder. [`Faults`] stands between it and a client, and answers
//! as networks and servers do on bad days: errors, cut connections, half answers, slow ones, none.

mod proxy;
mod server;
mod serving;

pub use proxy::{Fault, Faults, Request};
pub use server::{ACCESS_KEY, BUCKET, S3Server, SECRET_KEY};
