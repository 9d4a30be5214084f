//! Pages on a local disk: a file each, checked whenever it is read, so that a crash or a flipped bit is a miss.
//!
//! A file is named by the hash of its key and has: 8 bytes magic, CRC-32C of all that follows (4 bytes, little endian), length
//! of the key (4 bytes), the key, the page.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::Bytes;
use narthex_model::{Error, Result};
use parking_lot::Mutex;
use twox_hash::XxHash64;

use super::lru::Lru;

const MAGIC: &[u8; 8] = b"NARTHEXP";
const HEADER_BYTES: usize = 16;

/// The folder of the cache; one process uses it at a time.
#[derive(Debug)]
pub(super) struct Disk {
    folder: PathBuf,
    /// By the number in the name.
    files: Mutex<Lru<u64, ()>>,
    _lock: File,
}

impl Disk {
    /// Opens the folder, makes it if it is not there, and forgets what is beyond `bytes_max`.
    ///
    /// # Errors
    /// `Unavailable` if it cannot be used, or another process does.
    pub(super) fn open(folder: &Path, bytes_max: u64) -> Result<Self> {
        let lock = lock(folder)?;
        let disk = Self {
            folder: folder.to_owned(),
            files: Mutex::new(Lru::new(bytes_max)),
            _lock: lock,
        };
        for (number, bytes) in files(folder).map_err(|e| unusable(folder, e))? {
            disk.note(number, bytes);
        }
        Ok(disk)
    }

    /// Bytes of all files.
    pub(super) fn bytes(&self) -> u64 {
        self.files.lock().bytes()
    }

    /// The page that was put under `key`, if it is there and whole.
    pub(super) fn get(&self, key: &str) -> Option<Bytes> {
        let number = number_of(key);
        self.files.lock().get(&number)?;
        let path = self.path(number);
        let page = fs::read(&path)
            .ok()
            .and_then(|bytes| decode(key, &bytes.into()));
        if page.is_none() {
            self.files.lock().remove(&number);
            // It is no use, whether it can be removed or not.
            let _ = fs::remove_file(&path);
        }
        page
    }

    /// Keeps a page.
    ///
    /// # Errors
    /// The disk is full or failing; the page is not kept then.
    pub(super) fn put(&self, key: &str, page: &[u8]) -> io::Result<()> {
        let number = number_of(key);
        let (path, unfinished) = (
            self.path(number),
            self.folder.join(format!("{number:016x}.tmp")),
        );
        let bytes = encode(key, page);
        fs::write(&unfinished, &bytes).and_then(|()| fs::rename(&unfinished, &path))?;
        self.note(number, bytes.len() as u64);
        Ok(())
    }

    fn note(&self, number: u64, bytes: u64) {
        let gone = self.files.lock().insert(number, (), bytes);
        for number in gone {
            // A file that stays is found again at the next start.
            let _ = fs::remove_file(self.path(number));
        }
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:016x}.page"))
    }
}

fn lock(folder: &Path) -> Result<File> {
    let open = fs::create_dir_all(folder).and_then(|()| File::create(folder.join("lock")));
    let file = open.map_err(|e| unusable(folder, e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::unavailable(format!(
            "cache folder {} is in use by another process; choose another --storage.cache.path",
            folder.display()
        ))),
        Err(TryLockError::Error(e)) => Err(unusable(folder, e)),
    }
}

/// Pages in the folder with their sizes, the oldest first. What a crash left half-written is removed.
fn files(folder: &Path) -> io::Result<Vec<(u64, u64)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let (path, metadata) = entry.and_then(|e| Ok((e.path(), e.metadata()?)))?;
        let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or("");
        let Ok(number) = u64::from_str_radix(stem, 16) else {
            continue;
        };
        match path.extension().and_then(|e| e.to_str()) {
            Some("page") => {
                let written = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                found.push((written, number, metadata.len()));
            }
            Some("tmp") => fs::remove_file(&path)?,
            _ => {}
        }
    }
    found.sort_unstable();
    Ok(found
        .into_iter()
        .map(|(_, number, bytes)| (number, bytes))
        .collect())
}

fn number_of(key: &str) -> u64 {
    XxHash64::oneshot(0, key.as_bytes())
}

fn encode(key: &str, page: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES + key.len() + page.len());
    let key_length = u32::try_from(key.len()).unwrap_or(u32::MAX).to_le_bytes();
    let checked = [&key_length[..], key.as_bytes(), page];
    let crc32c = checked
        .iter()
        .fold(0, |crc, part| crc32c::crc32c_append(crc, part));
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&crc32c.to_le_bytes());
    checked
        .iter()
        .for_each(|part| bytes.extend_from_slice(part));
    bytes
}

fn decode(key: &str, bytes: &Bytes) -> Option<Bytes> {
    let (magic, rest) = bytes.split_first_chunk::<8>()?;
    let (crc32c, checked) = rest.split_first_chunk::<4>()?;
    let (length, rest) = checked.split_first_chunk::<4>()?;
    let (its_key, _) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    let sound = magic == MAGIC
        && crc32c::crc32c(checked) == u32::from_le_bytes(*crc32c)
        && its_key == key.as_bytes();
    sound.then(|| bytes.slice(HEADER_BYTES + key.len()..))
}

fn unusable(folder: &Path, error: io::Error) -> Error {
    Error::unavailable(format!("cannot use cache folder {}", folder.display())).with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_survive_a_restart_and_damage_is_a_miss() {
        let folder = tempfile::tempdir().expect("made");
        let disk = Disk::open(folder.path(), 1000).expect("opens");
        for key in ["a", "b", "c"] {
            disk.put(key, key.repeat(200).as_bytes()).expect("kept");
        }
        assert!(Disk::open(folder.path(), 1000).is_err(), "it is in use");
        drop(disk);

        let disk = Disk::open(folder.path(), 1000).expect("opens");
        assert_eq!(disk.get("a").expect("kept"), "a".repeat(200));
        let path = disk.path(number_of("b"));
        let mut bytes = fs::read(&path).expect("read");
        *bytes.last_mut().expect("not empty") ^= 1;
        fs::write(&path, bytes).expect("written");
        assert_eq!((disk.get("b"), path.exists()), (None, false));
        assert_eq!(disk.get("nothing"), None);
        let older = File::options()
            .write(true)
            .open(disk.path(number_of("a")))
            .expect("there");
        older.set_modified(SystemTime::UNIX_EPOCH).expect("written");
        drop(disk);

        let disk = Disk::open(folder.path(), 300).expect("opens");
        assert_eq!(
            (disk.get("a"), disk.bytes() > 0),
            (None, true),
            "the older one went"
        );
        assert_eq!(disk.get("c").expect("kept"), "c".repeat(200));
    }

    #[test]
    fn another_key_with_the_same_hash_is_a_miss() {
        assert_eq!(decode("b", &encode("a", b"page").into()), None);
        assert_eq!(
            decode("a", &encode("a", b"page").into()).expect("same"),
            "page"
        );
        for end in 0..20 {
            assert_eq!(
                decode("a", &encode("a", b"page")[..end].to_vec().into()),
                None
            );
        }
    }
}
