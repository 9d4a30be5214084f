//! The S3 server: buckets are folders, objects are files.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;

use crate::serving::Serving;

/// What clients sign with.
pub const ACCESS_KEY: &str = "narthex";
/// The secret that belongs to it.
pub const SECRET_KEY: &str = "not-a-secret";
/// The bucket that is there from the beginning.
pub const BUCKET: &str = "metrics";

/// A server of the S3 protocol; it ends when it is dropped.
#[derive(Debug)]
pub struct S3Server(Serving);

impl S3Server {
    /// Serves `folder` on `address`, with the bucket [`BUCKET`] in it.
    ///
    /// # Errors
    /// The folder cannot be written, or the address is taken.
    pub fn start(folder: &Path, address: SocketAddr) -> io::Result<Self> {
        std::fs::create_dir_all(folder.join(BUCKET))?;
        let files = FileSystem::new(folder).map_err(|e| io::Error::other(format!("{e:?}")))?;
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let service = service.build();
        let serving = Serving::start(address, move |stream| {
            let service = service.clone();
            async move {
                let connection = auto::Builder::new(TokioExecutor::new());
                // A client that goes away is nothing to report.
                let _ = connection
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            }
        })?;
        Ok(Self(serving))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }
}
