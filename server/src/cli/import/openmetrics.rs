//! OpenMetrics text into the engine: one thread reads and parses, the engine writes meanwhile.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Instant;

use futures::{StreamExt, TryStreamExt, stream};
use indicatif::ProgressBar;
use narthex_engine::{Engine, Options};
use narthex_formats::{BatchReader, Protocol};
use narthex_model::{Error, ErrorKind, Receipt, Result, Sink, WriteBatch};
use tokio::sync::mpsc;

use super::WINDOW_MS;
use super::chunks::{Chunk, Chunks};
use crate::cli::output::print;
use crate::cli::progress::bytes_bar;
use crate::limits::{IMPORT_BATCH_SAMPLES, IMPORT_BATCHES_IN_FLIGHT_MAX};
use crate::times::{format_time, now_ms};

type Batches = mpsc::Sender<Result<WriteBatch>>;

/// Imports `file` (`-`: standard input) into the folder `path`; `false` if samples were refused.
///
/// # Errors
/// As [`super::run`].
pub(crate) async fn import(file: &Path, path: &Path) -> Result<bool> {
    let begun = Instant::now();
    let (reader, total) = open(file)?;
    let options = Options {
        out_of_order_window_ms: WINDOW_MS,
        ..Options::default()
    };
    let engine = Engine::open(path, options, None)?;
    let bar = bytes_bar("import", total);
    let (batches, received) = mpsc::channel(IMPORT_BATCHES_IN_FLIGHT_MAX);
    let name = file.display().to_string();
    let reading = {
        let bar = bar.clone();
        tokio::task::spawn_blocking(move || read(reader, &batches, &bar))
    };
    let stored = store(&engine, received).await.map_err(|e| {
        if e.kind() == ErrorKind::Invalid {
            e.context(&name)
        } else {
            e
        }
    });
    bar.finish_and_clear();
    let _ = reading.await;
    // What came before a mistake is stored all the same, and can be imported again.
    let closed = tokio::task::block_in_place(|| engine.close());
    let receipt = stored?;
    closed?;
    report(&receipt, &engine, begun)
}

fn open(file: &Path) -> Result<(Box<dyn Read + Send>, Option<u64>)> {
    if file == Path::new("-") {
        return Ok((Box::new(io::stdin()), None));
    }
    let opened = File::open(file).and_then(|f| Ok((f.metadata()?.len(), f)));
    let (total, opened) = opened.map_err(|e| read_error(&e).context(file.display()))?;
    Ok((Box::new(opened), Some(total)))
}

fn read_error(error: &io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::NotFound => ErrorKind::NotFound,
        io::ErrorKind::InvalidData => ErrorKind::Invalid,
        _ => ErrorKind::Unavailable,
    };
    Error::new(kind, format!("cannot be read: {error}"))
}

/// Sends all batches of the text, the first error last.
fn read(reader: Box<dyn Read + Send>, batches: &Batches, bar: &ProgressBar) {
    let mut chunks = Chunks::new(reader);
    loop {
        let sent = match chunks.next_chunk() {
            Ok(Some(chunk)) => {
                bar.inc(chunk.source_bytes);
                read_chunk(&chunk, batches)
            }
            Ok(None) => return,
            Err(error) => Err(read_error(&error)),
        };
        if let Err(error) = sent {
            // If nobody receives, the engine failed, and says so itself.
            let _ = batches.blocking_send(Err(error));
            return;
        }
    }
}

fn read_chunk(chunk: &Chunk, batches: &Batches) -> Result<()> {
    let reader = BatchReader::new(
        Protocol::OpenMetricsText1_0_0,
        &chunk.text,
        now_ms(),
        IMPORT_BATCH_SAMPLES,
    )?;
    for batch in reader {
        let batch = batch.map_err(|e| in_whole_text(&e, chunk.line_offset))?;
        batches
            .blocking_send(Ok(batch))
            .map_err(|_| Error::unavailable("the engine stopped"))?;
    }
    Ok(())
}

/// The parser counts lines of the piece and begins its messages with `line N`; people count those of the file.
fn in_whole_text(error: &Error, offset: i64) -> Error {
    let message = error.to_string();
    let shifted = message.strip_prefix("line ").and_then(|rest| {
        let (number, rest) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let line = number.parse::<i64>().ok()?.saturating_add(offset);
        Some(format!("line {line}{rest}"))
    });
    Error::new(error.kind(), shifted.unwrap_or(message))
}

async fn store(engine: &Engine, received: mpsc::Receiver<Result<WriteBatch>>) -> Result<Receipt> {
    let batches = stream::unfold(received, async |mut received| {
        Some((received.recv().await?, received))
    });
    let writes = batches.map(|batch| async { engine.write(batch?).await });
    writes
        .buffered(IMPORT_BATCHES_IN_FLIGHT_MAX)
        .try_fold(Receipt::default(), add)
        .await
}

async fn add(mut all: Receipt, one: Receipt) -> Result<Receipt> {
    all.stored += one.stored;
    all.rejected += one.rejected;
    let room = Receipt::EXAMPLES_MAX.saturating_sub(all.examples.len());
    all.examples.extend(one.examples.into_iter().take(room));
    Ok(all)
}

fn report(receipt: &Receipt, engine: &Engine, begun: Instant) -> Result<bool> {
    let seconds = begun.elapsed().as_secs_f64();
    let stats = engine.stats();
    print(&format!(
        "{} samples imported in {seconds:.1} s; {} blocks in the folder\n",
        receipt.stored, stats.blocks
    ))?;
    for example in &receipt.examples {
        let (labels, time) = (&example.labels, format_time(example.timestamp));
        eprintln!("refused: {}: {labels} at {time}", example.reason.as_str());
    }
    if receipt.rejected > 0 {
        eprintln!("{} samples refused", receipt.rejected);
    }
    Ok(receipt.rejected == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_of_the_file() {
        let shifted = |text: &str| in_whole_text(&Error::invalid(text), 1_000).to_string();
        assert_eq!(
            shifted("line 7, column 2: expected x"),
            "line 1007, column 2: expected x"
        );
        assert_eq!(shifted("something else"), "something else");
    }
}
