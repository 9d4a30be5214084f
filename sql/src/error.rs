//! DataFusion's errors as ours: whose fault is it, and what can the caller do?

use std::error::Error as StdError;

use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use narthex_model::{Error, ErrorKind};

/// The error that `error` carries, or the one it amounts to.
///
/// Errors of the engine and of PromQL pass through DataFusion wrapped and come out as they were. Of DataFusion's own, those
/// about the statement or its data are `Invalid`, a spent memory pool or disk quota is `Limit`.
pub fn from_datafusion(error: DataFusionError) -> Error {
    if let DataFusionError::External(inner) = error {
        return match inner.downcast::<Error>() {
            Ok(ours) => *ours,
            Err(other) => from_chain(&DataFusionError::External(other)),
        };
    }
    from_chain(&error)
}

fn from_chain(error: &DataFusionError) -> Error {
    let mut link: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(current) = link {
        if let Some(ours) = current.downcast_ref::<Error>() {
            return Error::new(ours.kind(), ours.to_string());
        }
        link = current.source();
    }
    let root = error.find_root();
    // Comes as an error of the disk, of Arrow or of its own, whichever operator wrote.
    if root.to_string().contains("disk space during the spilling") {
        return Error::limit(
            "the query needs more room on the disk than is allowed (ask for less, or raise --query.max-spill)",
        );
    }
    Error::new(kind(root), message(root))
}

fn kind(root: &DataFusionError) -> ErrorKind {
    match root {
        DataFusionError::ResourcesExhausted(_) => ErrorKind::Limit,
        DataFusionError::IoError(_) => ErrorKind::Unavailable,
        DataFusionError::SQL(..)
        | DataFusionError::Plan(_)
        | DataFusionError::SchemaError(..)
        | DataFusionError::NotImplemented(_)
        | DataFusionError::Configuration(_)
        | DataFusionError::Execution(_)
        | DataFusionError::ArrowError(..) => ErrorKind::Invalid,
        // Arrow's kernels wrap what regular expressions say of themselves.
        DataFusionError::External(inner) => match inner.downcast_ref::<ArrowError>() {
            Some(ArrowError::ExternalError(_)) => ErrorKind::Invalid,
            _ => ErrorKind::Internal,
        },
        _ => ErrorKind::Internal,
    }
}

fn message(root: &DataFusionError) -> String {
    let text = match root {
        DataFusionError::SQL(parser, _) => parser.to_string(),
        DataFusionError::ResourcesExhausted(text) => {
            format!("the query needs more memory than is allowed: {text}")
        }
        DataFusionError::NotImplemented(text) => format!("not supported: {text}"),
        DataFusionError::Plan(text)
        | DataFusionError::Execution(text)
        | DataFusionError::Configuration(text) => text.clone(),
        DataFusionError::SchemaError(error, _) => error.to_string(),
        DataFusionError::ArrowError(error, _) => error.to_string(),
        DataFusionError::External(error) => error.to_string(),
        other => other.strip_backtrace(),
    };
    let lines: Vec<&str> = text
        .lines()
        .map(|line| line.trim().trim_end_matches('.'))
        .collect();
    uncapitalised(&lines.join("; "))
}

/// Our messages begin with a small letter; a first word that is all capitals (`SQL`, `MIN`) stays.
fn uncapitalised(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), Some(second)) if first.is_ascii_uppercase() && second.is_lowercase() => {
            format!("{}{}", first.to_ascii_lowercase(), chars.as_str())
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn check(error: DataFusionError, kind: ErrorKind, message: &str) {
        let ours = from_datafusion(error);
        assert_eq!((ours.kind(), ours.to_string().as_str()), (kind, message));
    }

    #[test]
    fn our_errors_come_out_as_they_were() {
        let external = || DataFusionError::External(Box::new(Error::corrupt("block x is damaged")));
        check(external(), ErrorKind::Corrupt, "block x is damaged");
        check(
            external().context("while joining"),
            ErrorKind::Corrupt,
            "block x is damaged",
        );
        check(
            DataFusionError::Shared(Arc::new(external())),
            ErrorKind::Corrupt,
            "block x is damaged",
        );
        let arrow = ArrowError::ExternalError(Box::new(external()));
        check(arrow.into(), ErrorKind::Corrupt, "block x is damaged");
    }

    #[test]
    fn kinds_of_datafusion() {
        check(
            DataFusionError::Plan("No such thing.".into()),
            ErrorKind::Invalid,
            "no such thing",
        );
        check(
            DataFusionError::ResourcesExhausted("Failed".into()),
            ErrorKind::Limit,
            "the query needs more memory than is allowed: Failed",
        );
        check(
            ArrowError::DivideByZero.into(),
            ErrorKind::Invalid,
            "divide by zero error",
        );
        let pattern = ArrowError::ExternalError("unclosed group".into());
        check(
            DataFusionError::External(Box::new(pattern)),
            ErrorKind::Invalid,
            "external error: unclosed group",
        );
        assert_eq!(
            from_datafusion(DataFusionError::Internal("x".into())).kind(),
            ErrorKind::Internal
        );
    }
}
