//! What a failed file operation means to the caller.

use std::io::{Error as IoError, ErrorKind as IoErrorKind};

use narthex_model::{Error, ErrorKind};

/// The error with a kind: a missing file must be named rightly, anything else may pass.
pub(crate) fn error(error: &IoError) -> Error {
    let kind = match error.kind() {
        IoErrorKind::NotFound => ErrorKind::NotFound,
        _ => ErrorKind::Unavailable,
    };
    Error::new(kind, error.to_string())
}
