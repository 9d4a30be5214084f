//! How are files that people write read, and how are they told of a mistake? YAML with file, line, column and key.
//!
//! The types of the files themselves are with those who act on them: scraping in `ingest`, rules in `rules`.

mod document;
mod locate;
mod nearest;
mod node;
mod source;
mod values;

pub use document::{Document, documents};
pub use locate::{Step, locate, locate_in, show_path};
pub use nearest::nearest;
pub use node::{Keys, Node};
pub use source::Source;
pub use values::{ByteSize, DurationMs, FromText, Secret, or_default, resolve_path, text};
