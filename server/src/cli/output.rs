//! Where answers go: standard output or a file.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write, stdout};
use std::path::{Path, PathBuf};

use narthex_model::{Error, Result};

/// A place for an answer. A file appears under its name only once it is whole.
pub(crate) struct Output {
    writer: Box<dyn Write>,
    file: Option<(PathBuf, PathBuf)>,
}

impl Output {
    /// Standard output, or the file at `path`.
    ///
    /// # Errors
    /// `Unavailable` if the file cannot be made.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else {
            return Ok(Self {
                writer: Box::new(BufWriter::new(stdout())),
                file: None,
            });
        };
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let file = File::create(&partial).map_err(|e| failed(&e, path))?;
        Ok(Self {
            writer: Box::new(BufWriter::new(file)),
            file: Some((partial, path.to_owned())),
        })
    }

    /// Writes a piece. A reader that went away (`| head`) ends the program quietly.
    ///
    /// # Errors
    /// `Unavailable` if the disk is full or failing.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.writer.write_all(bytes).or_else(|e| self.fail(&e))
    }

    /// Ends the answer.
    ///
    /// # Errors
    /// As [`Output::write`].
    pub(crate) fn finish(mut self) -> Result<()> {
        self.writer.flush().or_else(|e| self.fail(&e))?;
        match &self.file {
            Some((partial, path)) => std::fs::rename(partial, path).map_err(|e| failed(&e, path)),
            None => Ok(()),
        }
    }

    fn fail(&self, error: &io::Error) -> Result<()> {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Ok(());
        }
        let path = self
            .file
            .as_ref()
            .map_or(Path::new("standard output"), |(_, path)| path);
        Err(failed(error, path))
    }
}

/// Writes a whole text to standard output.
///
/// # Errors
/// As [`Output::write`].
pub(crate) fn print(text: &str) -> Result<()> {
    let mut output = Output::open(None)?;
    output.write(text.as_bytes())?;
    output.finish()
}

/// Refuses to write bytes that are no text to a terminal.
///
/// # Errors
/// `Invalid` with the way out.
pub(crate) fn refuse_terminal(path: Option<&Path>, format: &str) -> Result<()> {
    if path.is_none() && stdout().is_terminal() {
        return Err(Error::invalid(format!(
            "{format} is not for a terminal: name a file with -o FILE"
        )));
    }
    Ok(())
}

fn failed(error: &io::Error, path: &Path) -> Error {
    Error::unavailable(format!("cannot write {}: {error}", path.display()))
}
