//! Values that the configuration writes as text: durations, sizes, secrets. They are checked while they are read, so
//! that an error carries its place in the file.

use std::fmt;
use std::marker::PhantomData;
use std::path::PathBuf;

use narthex_model::{format_duration, parse_duration};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer};

/// A value that is read from text.
pub trait FromText: Sized {
    /// What the text should be, for the error message.
    const EXPECTING: &'static str;

    /// Reads the text.
    fn from_text(text: &str) -> Result<Self, String>;
}

struct TextVisitor<T>(PhantomData<T>);

impl<T: FromText> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTING)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        T::from_text(text).map_err(E::custom)
    }
}

/// Reads a [`FromText`] value; the error is raised inside the scalar, which gives it its line and column.
pub fn text<'de, D: Deserializer<'de>, T: FromText>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_str(TextVisitor(PhantomData))
}

/// Reads a value whose key may stand there with nothing behind it.
pub fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A duration in whole milliseconds, written like `1h30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct DurationMs(pub i64);

impl FromText for DurationMs {
    const EXPECTING: &'static str = "a duration like 30s or 1h30m";

    fn from_text(text: &str) -> Result<Self, String> {
        parse_duration(text).map(Self).map_err(|e| e.to_string())
    }
}

impl fmt::Display for DurationMs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_duration(self.0))
    }
}

/// A size in bytes, written like `10MB`; units are powers of 1024, and 0 means no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct ByteSize(pub u64);

/// Unit letters with their power of two, largest first.
const SIZE_UNITS: [(char, u32); 6] = [
    ('E', 60),
    ('P', 50),
    ('T', 40),
    ('G', 30),
    ('M', 20),
    ('K', 10),
];

impl FromText for ByteSize {
    const EXPECTING: &'static str = "a size like 512KB or 10MB";

    fn from_text(text: &str) -> Result<Self, String> {
        parse_size(text)
            .map(Self)
            .ok_or_else(|| format!("not a valid size: \"{text}\", write it like 512KB or 10MB"))
    }
}

fn parse_size(text: &str) -> Option<u64> {
    if text == "0" {
        return Some(0);
    }
    let body = text.strip_suffix('B')?;
    let body = body.strip_suffix('i').unwrap_or(body);
    let unit = SIZE_UNITS
        .iter()
        .find(|(letter, _)| body.ends_with(*letter));
    let (digits, shift) = match unit {
        Some((letter, shift)) => (body.strip_suffix(*letter)?, *shift),
        None => (body, 0),
    };
    if !digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return None;
    }
    let bytes = digits.parse::<f64>().ok()? * 2_f64.powi(i32::try_from(shift).ok()?);
    // 2^63 is far beyond any body; the bound keeps the conversion exact enough and in range.
    (bytes < 9.2e18).then_some(bytes as u64)
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (letter, shift) in SIZE_UNITS {
            if self.0 != 0 && self.0.trailing_zeros() >= shift {
                return write!(f, "{}{letter}iB", self.0 >> shift);
            }
        }
        match self.0 {
            0 => f.write_str("0"),
            bytes => write!(f, "{bytes}B"),
        }
    }
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(pub String);

impl FromText for Secret {
    const EXPECTING: &'static str = "a text";

    fn from_text(text: &str) -> Result<Self, String> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Serde for types that are read by [`FromText`] and written by `Display`.
#[macro_export]
macro_rules! text_serde {
    ($($name:ty),+) => {$(
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::text(deserializer)
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )+};
}
text_serde!(DurationMs, ByteSize, Secret);

/// `path` as seen from the folder of the configuration file.
pub fn resolve_path(path: &mut PathBuf, folder: &std::path::Path) {
    if path.is_relative() && !path.as_os_str().is_empty() {
        *path = folder.join(&*path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let good = [
            ("0", 0, "0"),
            ("10MB", 10 << 20, "10MiB"),
            ("1.5KB", 1536, "1536B"),
            ("7B", 7, "7B"),
            ("2GiB", 2 << 30, "2GiB"),
        ];
        for (text, bytes, shown) in good {
            let size = ByteSize::from_text(text).expect(text);
            assert_eq!((size.0, size.to_string().as_str()), (bytes, shown));
        }
        for text in [
            "",
            "10",
            "MB",
            "-1MB",
            "1 MB",
            "1mb",
            "1.2.3MB",
            "99999999EB",
        ] {
            assert!(ByteSize::from_text(text).is_err(), "{text}");
        }
    }

    #[test]
    fn secrets_stay_hidden() {
        let secret = Secret("hunter2".to_owned());
        assert_eq!(format!("{secret} {secret:?}"), "<secret> <secret>");
    }
}
