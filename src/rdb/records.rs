//! A file, record by record. A key is read, its value is passed on as it is: a value may be larger than memory.

use std::io::{self, BufRead, Write};

use super::lzf::expand;
use super::{HEADER_LENGTH, Header, RdbError};

/// Longest key that is believed, in bytes: the engines' own limit.
const KEY_LENGTH_MAX: u64 = 512 << 20;

mod opcode {
    pub(super) const SLOT_INFO: u8 = 244;
    pub(super) const FUNCTION: u8 = 245;
    pub(super) const MODULE_AUX: u8 = 247;
    pub(super) const IDLE: u8 = 248;
    pub(super) const FREQUENCY: u8 = 249;
    pub(super) const AUX: u8 = 250;
    pub(super) const RESIZE_DATABASE: u8 = 251;
    pub(super) const EXPIRES_AT_MILLISECONDS: u8 = 252;
    pub(super) const EXPIRES_AT_SECONDS: u8 = 253;
    pub(super) const SELECT_DATABASE: u8 = 254;
    pub(super) const END: u8 = 255;
}

/// Something in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A note about the file: its name and what it says, as they stand in the file and as text.
    Aux {
        /// The record as it is.
        raw: Vec<u8>,
        /// The name.
        name: Vec<u8>,
        /// What it says.
        value: Vec<u8>,
    },
    /// A library of functions, as it stands in the file.
    Function(Vec<u8>),
    /// What a module keeps beside keys, as it stands in the file.
    ModuleAux(Vec<u8>),
    /// A key; its value must be passed on next, by [`Records::value`].
    Key {
        /// The number of its database.
        database: u64,
        /// Its name.
        key: Vec<u8>,
        /// All that stands before the value: expiry, how lately it was used, type, name.
        raw: Vec<u8>,
        /// The type of its value.
        kind: u8,
    },
}

/// Reads a file.
#[derive(Debug)]
pub struct Records<R> {
    input: R,
    header: Header,
    header_bytes: Vec<u8>,
    database: u64,
}

/// How a length is written: as a number, or as the sign of another way to write a string.
enum Length {
    Number(u64),
    Encoded(u8),
}

impl<R: BufRead> Records<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`RdbError::NotRdb`]; [`RdbError::Io`].
    pub fn open(mut input: R) -> Result<Self, RdbError> {
        let mut header_bytes = vec![0; HEADER_LENGTH];
        input.read_exact(&mut header_bytes).map_err(cut_off)?;
        Ok(Self {
            header: Header::parse(&header_bytes)?,
            header_bytes,
            input,
            database: 0,
        })
    }

    /// Who wrote the file.
    pub fn header(&self) -> Header {
        self.header
    }

    /// The header as it stands in the file.
    pub fn header_bytes(&self) -> &[u8] {
        &self.header_bytes
    }

    /// The next record; none at the end. Hints about sizes are left out.
    ///
    /// # Errors
    /// [`RdbError::Corrupt`]; [`RdbError::Unreadable`]; [`RdbError::Io`].
    pub fn next_entry(&mut self) -> Result<Option<Entry>, RdbError> {
        let mut raw = Vec::new();
        // Bounded by the file: each turn reads a byte at least.
        loop {
            let code = self.byte(&mut raw)?;
            match code {
                opcode::SLOT_INFO => {
                    for _ in 0..3 {
                        self.number(&mut raw)?;
                    }
                    raw.clear();
                }
                opcode::RESIZE_DATABASE => {
                    self.number(&mut raw)?;
                    self.number(&mut raw)?;
                    raw.clear();
                }
                opcode::SELECT_DATABASE => {
                    self.database = self.number(&mut raw)?;
                    raw.clear();
                }
                opcode::AUX => {
                    let name = self.text(&mut raw)?;
                    let value = self.text(&mut raw)?;
                    return Ok(Some(Entry::Aux { raw, name, value }));
                }
                opcode::FUNCTION => {
                    self.string(&mut raw)?;
                    return Ok(Some(Entry::Function(raw)));
                }
                opcode::MODULE_AUX => {
                    for _ in 0..3 {
                        self.number(&mut raw)?;
                    }
                    self.module(&mut raw)?;
                    return Ok(Some(Entry::ModuleAux(raw)));
                }
                opcode::IDLE => {
                    self.number(&mut raw)?;
                }
                opcode::FREQUENCY => self.pass(1, &mut raw)?,
                opcode::EXPIRES_AT_MILLISECONDS => self.pass(8, &mut raw)?,
                opcode::EXPIRES_AT_SECONDS => self.pass(4, &mut raw)?,
                opcode::END => return Ok(None),
                code if code >= 240 => {
                    return Err(RdbError::Unreadable(format!("a record of kind {code}")));
                }
                kind => {
                    let key = self.text(&mut raw)?;
                    let database = self.database;
                    return Ok(Some(Entry::Key {
                        database,
                        key,
                        raw,
                        kind,
                    }));
                }
            }
        }
    }

    /// Reads what is left behind the last record: the checksum.
    ///
    /// # Errors
    /// [`RdbError::Io`].
    pub fn drain(mut self) -> Result<(), RdbError> {
        io::copy(&mut self.input, &mut io::sink())?;
        Ok(())
    }

    /// Passes the value of a key of this type on.
    ///
    /// # Errors
    /// As [`Records::next_entry`].
    pub fn value(&mut self, kind: u8, out: &mut impl Write) -> Result<(), RdbError> {
        match (kind, self.header.is_valkey) {
            (0 | 9..=13 | 16 | 17 | 20, _) => self.string(out),
            (1 | 2 | 14, _) => self.many(out, |file, out| file.string(out)),
            (3, _) => self.many(out, |file, out| {
                file.string(out)?;
                match file.byte(out)? {
                    253..=255 => Ok(()),
                    length => file.pass(length.into(), out),
                }
            }),
            (4, _) => self.many(out, |file, out| {
                file.string(out)?;
                file.string(out)
            }),
            (5, _) => self.many(out, |file, out| {
                file.string(out)?;
                file.pass(8, out)
            }),
            (7, _) => {
                self.number(out)?;
                self.module(out)
            }
            (15 | 19 | 21, _) => self.stream(kind, out),
            (18, _) => self.many(out, |file, out| {
                file.number(out)?;
                file.string(out)
            }),
            // Hashes with fields that expire, each line in its own way.
            (22, true) => self.many(out, |file, out| {
                file.string(out)?;
                file.string(out)?;
                file.pass(8, out)
            }),
            (22, false) => self.many(out, Self::field_with_expiry),
            (23, false) => self.string(out),
            (24, false) => {
                self.pass(8, out)?;
                self.many(out, Self::field_with_expiry)
            }
            (25, false) => {
                self.pass(8, out)?;
                self.string(out)
            }
            _ => Err(RdbError::Unreadable(format!("a value of type {kind}"))),
        }
    }

    fn field_with_expiry<W: Write>(&mut self, out: &mut W) -> Result<(), RdbError> {
        self.number(out)?;
        self.string(out)?;
        self.string(out)
    }

    fn stream<W: Write>(&mut self, kind: u8, out: &mut W) -> Result<(), RdbError> {
        self.many(out, |file, out| {
            file.string(out)?;
            file.string(out)
        })?;
        // Entries and the last id; later also the first, the highest that was deleted, and how many were ever added.
        for _ in 0..if kind >= 19 { 8 } else { 3 } {
            self.number(out)?;
        }
        self.many(out, |file, out| {
            file.string(out)?;
            for _ in 0..if kind >= 19 { 3 } else { 2 } {
                file.number(out)?;
            }
            file.many(out, |file, out| {
                file.pass(24, out)?;
                file.number(out).map(drop)
            })?;
            file.many(out, |file, out| {
                file.string(out)?;
                file.pass(if kind >= 21 { 16 } else { 8 }, out)?;
                file.many(out, |file, out| file.pass(16, out))
            })
        })
    }

    fn module<W: Write>(&mut self, out: &mut W) -> Result<(), RdbError> {
        // Bounded by the file: each turn reads a byte at least.
        loop {
            match self.number(out)? {
                0 => return Ok(()),
                1 | 2 => drop(self.number(out)?),
                3 => self.pass(4, out)?,
                4 => self.pass(8, out)?,
                5 => self.string(out)?,
                other => {
                    return Err(RdbError::Unreadable(format!(
                        "a module's value of kind {other}"
                    )));
                }
            }
        }
    }

    /// As many as the number that stands first says.
    fn many<W: Write>(
        &mut self,
        out: &mut W,
        one: impl Fn(&mut Self, &mut W) -> Result<(), RdbError>,
    ) -> Result<(), RdbError> {
        // Bounded by the file: each turn reads a byte at least.
        for _ in 0..self.number(out)? {
            one(self, out)?;
        }
        Ok(())
    }

    fn length(&mut self, out: &mut impl Write) -> Result<Length, RdbError> {
        let first = self.byte(out)?;
        Ok(match first >> 6 {
            0 => Length::Number(u64::from(first & 0x3f)),
            1 => {
                let second = self.byte(out)?;
                Length::Number((u64::from(first & 0x3f) << 8) | u64::from(second))
            }
            2 if first == 0x80 => Length::Number(u32::from_be_bytes(self.exactly(out)?).into()),
            2 if first == 0x81 => Length::Number(u64::from_be_bytes(self.exactly(out)?)),
            3 => Length::Encoded(first & 0x3f),
            _ => return Err(RdbError::Corrupt(format!("the length {first:#x}"))),
        })
    }

    fn number(&mut self, out: &mut impl Write) -> Result<u64, RdbError> {
        match self.length(out)? {
            Length::Number(number) => Ok(number),
            Length::Encoded(_) => Err(RdbError::Corrupt("a string where a number belongs".into())),
        }
    }

    fn string(&mut self, out: &mut impl Write) -> Result<(), RdbError> {
        match self.length(out)? {
            Length::Number(length) => self.pass(length, out),
            Length::Encoded(sign @ 0..=2) => self.pass(1 << sign, out),
            Length::Encoded(3) => {
                let compressed = self.number(out)?;
                self.number(out)?;
                self.pass(compressed, out)
            }
            Length::Encoded(sign) => Err(RdbError::Corrupt(format!("a string of kind {sign}"))),
        }
    }

    /// A string that must be understood.
    fn text(&mut self, raw: &mut Vec<u8>) -> Result<Vec<u8>, RdbError> {
        match self.length(raw)? {
            Length::Number(length) => {
                let from = raw.len();
                self.pass(bounded(length)?, raw)?;
                Ok(raw[from..].to_vec())
            }
            Length::Encoded(0) => {
                let [byte] = self.exactly(raw)?;
                Ok(i8::from_le_bytes([byte]).to_string().into_bytes())
            }
            Length::Encoded(1) => {
                let number = i16::from_le_bytes(self.exactly(raw)?);
                Ok(number.to_string().into_bytes())
            }
            Length::Encoded(2) => {
                let number = i32::from_le_bytes(self.exactly(raw)?);
                Ok(number.to_string().into_bytes())
            }
            Length::Encoded(3) => {
                let compressed = bounded(self.number(raw)?)?;
                let length = bounded(self.number(raw)?)?;
                let from = raw.len();
                self.pass(compressed, raw)?;
                expand(&raw[from..], usize::try_from(length).unwrap_or(usize::MAX))
            }
            Length::Encoded(sign) => Err(RdbError::Corrupt(format!("a string of kind {sign}"))),
        }
    }

    fn byte(&mut self, out: &mut impl Write) -> Result<u8, RdbError> {
        self.exactly(out).map(|[byte]| byte)
    }

    fn exactly<const N: usize>(&mut self, out: &mut impl Write) -> Result<[u8; N], RdbError> {
        let mut bytes = [0; N];
        self.input.read_exact(&mut bytes).map_err(cut_off)?;
        out.write_all(&bytes)?;
        Ok(bytes)
    }

    /// Passes so many bytes on, a buffer at a time.
    fn pass(&mut self, count: u64, out: &mut impl Write) -> Result<(), RdbError> {
        let mut left = count;
        // Bounded by `count`: each turn passes a byte at least.
        while left > 0 {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return Err(RdbError::Corrupt("it is cut off".to_owned()));
            }
            let take = usize::try_from(left)
                .unwrap_or(usize::MAX)
                .min(buffer.len());
            out.write_all(&buffer[..take])?;
            self.input.consume(take);
            left -= take as u64;
        }
        Ok(())
    }
}

fn bounded(length: u64) -> Result<u64, RdbError> {
    match length <= KEY_LENGTH_MAX {
        true => Ok(length),
        false => Err(RdbError::Corrupt(format!("a name of {length} bytes"))),
    }
}

fn cut_off(error: io::Error) -> RdbError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => RdbError::Corrupt("it is cut off".to_owned()),
        _ => RdbError::Io(error),
    }
}
