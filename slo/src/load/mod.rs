//! Specs from files, whatever format they are written in.

mod files;
mod format;
mod whole;

use std::collections::BTreeSet;
use std::path::Path;

use narthex_model::{Error, Result};
use narthex_settings::{Document, Node, documents};

use crate::import::{openslo, pyrra, slo_generator, sloth};
use crate::native;
use crate::spec::Slo;

pub use files::spec_files;
pub(crate) use format::{Format, NATIVE_VERSION, format_of};

/// How specs are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// The window of SLOs whose format has none, as Sloth's, in milliseconds; `None`: that of the alert windows that are given
    /// with them, or 30 days.
    pub window_ms: Option<i64>,
}

/// What specs say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Specs {
    /// The SLOs, in the order they are written in.
    pub slos: Vec<Placed>,
    /// What could not be kept, or was read otherwise than its own tool would: `file:line:column: field: what`.
    pub notes: Vec<String>,
}

/// An SLO and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// The SLO.
    pub slo: Slo,
    /// `file:line:column`.
    pub place: String,
}

/// A file's name and text.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    /// The name it is reported under.
    pub file: &'a str,
    /// What stands in it.
    pub text: &'a str,
}

/// Reads the specs of files, of all files of folders, and of all files that patterns such as `slos/*.yaml` match. What refers to
/// something by its name finds it in any of them.
///
/// # Errors
/// Every mistake, `Invalid`, as `file:line:column: field: what is wrong, expected what`; `NotFound` for paths that are not there.
pub fn load<P: AsRef<Path>>(paths: &[P], options: &Options) -> Result<Specs, Vec<Error>> {
    let files = spec_files(paths).map_err(|e| vec![e])?;
    let mut texts = Vec::new();
    let mut errors = Vec::new();
    for file in files {
        match std::fs::read_to_string(&file) {
            Ok(text) => texts.push((file.to_string_lossy().into_owned(), text)),
            Err(e) => {
                let error = Error::unavailable(format!("cannot read {}", file.display()));
                errors.push(error.with_source(e));
            }
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let texts: Vec<_> = texts
        .iter()
        .map(|(file, text)| Text { file, text })
        .collect();
    parse(&texts, options)
}

/// As [`load`], of texts.
///
/// # Errors
/// As [`load`].
pub fn parse(texts: &[Text<'_>], options: &Options) -> Result<Specs, Vec<Error>> {
    let mut errors = Vec::new();
    let mut read = Vec::new();
    for text in texts {
        match documents(text.file, text.text) {
            Ok(documents) => read.extend(documents),
            Err(error) => errors.push(error),
        }
    }
    let mut slos = Vec::new();
    let sorted = sort(&read);
    slos.append(&mut native::read(&sorted.native));
    slos.append(&mut sloth::read(&sorted.sloth, options));
    slos.append(&mut pyrra::read(&sorted.pyrra));
    slos.append(&mut openslo::read(&sorted.openslo));
    slos.append(&mut slo_generator::read(&sorted.slo_generator));
    slos.sort_by_key(|read| read.at);
    // What several refer to is read by each of them.
    let mut said = BTreeSet::new();
    let problems = read.iter().flat_map(Document::take_problems);
    errors.extend(problems.filter(|error| said.insert(error.to_string())));
    let slos: Vec<_> = slos.into_iter().map(|read| read.placed).collect();
    errors.extend(whole::problems(&slos));
    if !errors.is_empty() {
        return Err(errors);
    }
    let notes = read.iter().flat_map(Document::take_notes);
    let notes = notes.filter(|note| said.insert(note.clone())).collect();
    Ok(Specs { slos, notes })
}

/// A document of a format, and which one it is of all.
#[derive(Debug, Clone)]
pub(crate) struct Doc<'d> {
    pub(crate) at: usize,
    pub(crate) format: Format,
    pub(crate) root: Node<'d>,
}

/// An SLO that was read, and of which document.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) at: usize,
    pub(crate) placed: Placed,
}

#[derive(Debug, Default)]
struct Sorted<'d> {
    native: Vec<Doc<'d>>,
    sloth: Vec<Doc<'d>>,
    pyrra: Vec<Doc<'d>>,
    openslo: Vec<Doc<'d>>,
    slo_generator: Vec<Doc<'d>>,
}

fn sort<'d>(documents: &'d [Document<'d>]) -> Sorted<'d> {
    let mut sorted = Sorted::default();
    for (at, document) in documents.iter().enumerate() {
        let root = document.root();
        let Some(format) = format_of(&root) else {
            continue;
        };
        let kind = match format {
            Format::Native => &mut sorted.native,
            Format::Sloth | Format::SlothResource | Format::SlothWindows => &mut sorted.sloth,
            Format::Pyrra => &mut sorted.pyrra,
            Format::OpenSlo | Format::OpenSloAlpha => &mut sorted.openslo,
            Format::SloGenerator | Format::SloGeneratorConfig => &mut sorted.slo_generator,
        };
        kind.push(Doc { at, format, root });
    }
    sorted
}
