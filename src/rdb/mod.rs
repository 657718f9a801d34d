//! The file format in which Redis and Valkey keep a data set (RDB), as far as the control plane must know it: whether a file is whole, which
//! engines can read it, and which keys are in it. Values are passed on as they are.
//!
//! Pure: bytes in, bytes out. The format is described nowhere but in the engines; what is written here was learnt from the files that they
//! write, and `tests/docker` compares it with them.

mod lzf;
mod records;
mod select;

use std::fmt;

use crc::{CRC_64_REDIS, Crc, Digest, Table};

pub use records::{Entry, Records};
pub use select::{Writer, select, strings, used_memory_bytes};

/// A file of this length holds nothing but a header, an end and a checksum.
const LENGTH_MIN: u64 = 18;

/// Bytes of the header: five or six letters and the version in four or three digits.
pub const HEADER_LENGTH: usize = 9;

/// Bytes of the checksum at the end.
const CHECKSUM_LENGTH: usize = 8;

/// The engines' checksum; the wide table makes it several times as fast as the disk.
static CRC: Crc<u64, Table<16>> = Crc::<u64, Table<16>>::new(&CRC_64_REDIS);

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum RdbError {
    /// It does not begin as such a file does.
    #[error("it is not an RDB file")]
    NotRdb,
    /// It is cut off, or has another checksum than it should.
    #[error("it is corrupt: {0}")]
    Corrupt(String),
    /// It holds something that cannot be read here.
    #[error("it holds {0}")]
    Unreadable(String),
    /// It could not be read or written.
    #[error("it could not be read or written")]
    Io(#[from] std::io::Error),
}

/// Who wrote a file, in which version of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Whether it is of Valkey's own line of versions, which begins with 80 (Valkey 9.0).
    pub is_valkey: bool,
    /// The version of the format.
    pub version: u32,
}

impl Header {
    /// Reads the first bytes of a file.
    ///
    /// # Errors
    /// [`RdbError::NotRdb`].
    pub fn parse(bytes: &[u8]) -> Result<Self, RdbError> {
        let header = bytes.get(..HEADER_LENGTH).ok_or(RdbError::NotRdb)?;
        let (is_valkey, digits) = match (header.strip_prefix(b"VALKEY"), header) {
            (Some(digits), _) => (true, digits),
            (None, header) => (
                false,
                header.strip_prefix(b"REDIS").ok_or(RdbError::NotRdb)?,
            ),
        };
        let version = std::str::from_utf8(digits)
            .ok()
            .and_then(|text| text.parse().ok());
        Ok(Self {
            is_valkey,
            version: version
                .filter(|version| *version > 0)
                .ok_or(RdbError::NotRdb)?,
        })
    }

    /// Whether an engine of this line reads such files: it does not read those of lines that came after it, and since 2024 Redis and
    /// Valkey no longer read each other's.
    pub fn is_read_by(self, is_valkey: bool, at_least: impl Fn(u32, u32, u32) -> bool) -> bool {
        let highest = match is_valkey {
            true if at_least(9, 0, 0) => 80,
            // Both of the same code.
            true => 11,
            false if at_least(8, 0, 0) => 12,
            false if at_least(7, 4, 0) => 12,
            false if at_least(7, 2, 0) => 11,
            false if at_least(7, 0, 0) => 10,
            false if at_least(5, 0, 0) => 9,
            false if at_least(4, 0, 0) => 8,
            false if at_least(3, 2, 0) => 7,
            false => 6,
        };
        let foreign = match is_valkey {
            // Versions 12 to 79 are left to Redis.
            true => (12..80).contains(&self.version) && !self.is_valkey,
            false => self.is_valkey,
        };
        self.version <= highest && !foreign
    }
}

impl fmt::Display for Header {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = if self.is_valkey { "Valkey" } else { "Redis" };
        write!(formatter, "{line} RDB version {}", self.version)
    }
}

/// Looks at a file as it passes: that it begins as one, and ends with its own checksum.
pub struct Verifier {
    digest: Digest<'static, u64, Table<16>>,
    header: Vec<u8>,
    /// The last bytes so far; they may be the checksum.
    tail: Vec<u8>,
    length: u64,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Verifier")
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl Default for Verifier {
    fn default() -> Self {
        Self {
            digest: CRC.digest(),
            header: Vec::with_capacity(HEADER_LENGTH),
            tail: Vec::with_capacity(2 * CHECKSUM_LENGTH),
            length: 0,
        }
    }
}

impl Verifier {
    /// Looks at the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        let missing = HEADER_LENGTH.saturating_sub(self.header.len());
        self.header.extend(bytes.iter().take(missing));
        if bytes.len() >= CHECKSUM_LENGTH {
            self.digest.update(&self.tail);
            let (body, tail) = bytes.split_at(bytes.len() - CHECKSUM_LENGTH);
            self.digest.update(body);
            self.tail.clear();
            self.tail.extend_from_slice(tail);
            return;
        }
        self.tail.extend_from_slice(bytes);
        let surplus = self.tail.len().saturating_sub(CHECKSUM_LENGTH);
        self.digest.update(&self.tail[..surplus]);
        self.tail.drain(..surplus);
    }

    /// The verdict, after the last bytes.
    ///
    /// # Errors
    /// [`RdbError::NotRdb`]; [`RdbError::Corrupt`].
    pub fn finish(self) -> Result<Header, RdbError> {
        let header = Header::parse(&self.header)?;
        if self.length < LENGTH_MIN {
            return Err(RdbError::Corrupt("it is too short".to_owned()));
        }
        let written = <[u8; CHECKSUM_LENGTH]>::try_from(self.tail.as_slice());
        let written = written.map(u64::from_le_bytes).unwrap_or_default();
        // One that was written with `rdbchecksum no` has none.
        if written != 0 && written != self.digest.finalize() {
            return Err(RdbError::Corrupt("its checksum is wrong".to_owned()));
        }
        Ok(header)
    }
}

#[cfg(test)]
mod tests;
