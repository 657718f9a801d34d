//! One file out of several, with the keys that are wanted.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufRead, Write};

use crc::{Digest, Table};

use super::records::{Entry, Records};
use super::{CRC, RdbError};

/// Writes a file: whatever passes, and the checksum at the end.
pub struct Writer<W> {
    out: W,
    digest: Digest<'static, u64, Table<16>>,
    length: u64,
}

impl<W> fmt::Debug for Writer<W> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Writer")
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl<W: Write> Writer<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self {
            out,
            digest: CRC.digest(),
            length: 0,
        }
    }

    /// Writes a key with a value that is a short text.
    ///
    /// # Errors
    /// [`io::Error`] of the file.
    pub fn string(&mut self, key: &str, value: &str) -> io::Result<()> {
        self.write_all(&[0])?;
        for text in [key, value] {
            self.write_all(&[0x80])?;
            let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
            self.write_all(&length.to_be_bytes())?;
            self.write_all(text.as_bytes())?;
        }
        Ok(())
    }

    /// Ends the file and returns its length in bytes.
    ///
    /// # Errors
    /// [`io::Error`] of the file.
    pub fn finish(mut self) -> io::Result<u64> {
        self.write_all(&[0xff])?;
        let checksum = self.digest.clone().finalize().to_le_bytes();
        self.out.write_all(&checksum)?;
        self.out.flush()?;
        Ok(self.length + checksum.len() as u64)
    }
}

impl<W: Write> Write for Writer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.digest.update(&bytes[..written]);
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes one file with those keys of `sources` that are `wanted` (database, name), and returns its length in bytes. Notes and functions
/// are those of the first source; where the history of writes goes on is left out, for this is no one's data set at any instant.
///
/// # Errors
/// Those of [`Records`]; [`RdbError::Unreadable`] where the sources are of different versions.
pub fn select<R: BufRead>(
    sources: impl IntoIterator<Item = Result<R, RdbError>>,
    out: impl Write,
    wanted: impl Fn(u64, &[u8]) -> Result<bool, RdbError>,
) -> Result<u64, RdbError> {
    let mut out = Writer::new(out);
    let mut header = None;
    let mut database = 0;
    for source in sources {
        let mut records = Records::open(source?)?;
        let is_first = header.is_none();
        match header {
            None => out.write_all(records.header_bytes())?,
            Some(header) if header == records.header() => {}
            Some(_) => {
                let what = "files of different versions of the format";
                return Err(RdbError::Unreadable(what.to_owned()));
            }
        }
        header = Some(records.header());
        // Bounded by the source: each turn takes a record.
        while let Some(entry) = records.next_entry()? {
            match entry {
                Entry::Aux { raw, name, .. } if is_first && !name.starts_with(b"repl-") => {
                    out.write_all(&raw)?;
                }
                Entry::Function(raw) | Entry::ModuleAux(raw) if is_first => out.write_all(&raw)?,
                Entry::Aux { .. } | Entry::Function(_) | Entry::ModuleAux(_) => {}
                Entry::Key {
                    database: of,
                    key,
                    raw,
                    kind,
                } => {
                    if !wanted(of, &key)? {
                        records.value(kind, &mut io::sink())?;
                        continue;
                    }
                    if of != database {
                        // No engine has more than a few thousand.
                        let number = u32::try_from(of).unwrap_or(u32::MAX);
                        out.write_all(&[0xfe, 0x80])?;
                        out.write_all(&number.to_be_bytes())?;
                        database = of;
                    }
                    out.write_all(&raw)?;
                    records.value(kind, &mut out)?;
                }
            }
        }
        records.drain()?;
    }
    Ok(out.finish()?)
}

/// How much memory the engine used when it wrote the file that begins so, in bytes, where the file says it.
pub fn used_memory_bytes(beginning: &[u8]) -> Option<u64> {
    let mut records = Records::open(beginning).ok()?;
    // Bounded by the bytes: each turn takes a record.
    while let Ok(Some(Entry::Aux { name, value, .. })) = records.next_entry() {
        if name == b"used-mem" {
            return std::str::from_utf8(&value).ok()?.parse().ok();
        }
    }
    None
}

/// The keys of a file that holds nothing but texts, for a host in memory.
///
/// # Errors
/// Those of [`Records`].
pub fn strings(file: &[u8]) -> Result<BTreeMap<String, String>, RdbError> {
    let mut records = Records::open(file)?;
    let mut found = BTreeMap::new();
    // Bounded by the file: each turn takes a record.
    while let Some(entry) = records.next_entry()? {
        let Entry::Key { key, kind, .. } = entry else {
            continue;
        };
        let mut value = Vec::new();
        records.value(kind, &mut value)?;
        // As [`Writer::string`] writes it: five bytes of length.
        let text = String::from_utf8_lossy(value.get(5..).unwrap_or_default());
        found.insert(
            String::from_utf8_lossy(&key).into_owned(),
            text.into_owned(),
        );
    }
    Ok(found)
}
