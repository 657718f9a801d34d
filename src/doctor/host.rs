//! Looks at this host: directories, ports, programs.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use rustix::fs::{Access, access};

use super::Finding;
use crate::config::HttpConfig;
use crate::ground::data_dir::{self, Occupation};

/// Who uses the data directory; an error where that cannot be told.
pub(super) type Occupant = io::Result<Occupation>;

pub(super) fn occupant(path: &Path) -> Occupant {
    data_dir::occupation(path)
}

/// Whether the data directory can be written, or made.
pub(super) fn data_dir(path: &Path) -> Finding {
    const SUBJECT: &str = "data directory";
    let Some(existing) = path.ancestors().find(|ancestor| ancestor.exists()) else {
        return Finding::fail(
            SUBJECT,
            format!("{} is nowhere", path.display()),
            "name one with --data-dir",
        );
    };
    let elsewhere = "or name another with --data-dir";
    if !existing.is_dir() {
        return Finding::fail(
            SUBJECT,
            format!("{} is no directory", existing.display()),
            format!("move it away, {elsewhere}"),
        );
    }
    if let Err(error) = access(existing, Access::WRITE_OK | Access::EXEC_OK) {
        return Finding::fail(
            SUBJECT,
            format!("{} cannot be written ({error})", existing.display()),
            format!("run as its owner, {elsewhere}"),
        );
    }
    // A file in it may still be another user's, such as after one start as root.
    let database = data_dir::database(path);
    if database.exists()
        && let Err(error) = access(&database, Access::WRITE_OK | Access::READ_OK)
    {
        return Finding::fail(
            SUBJECT,
            format!("{} cannot be written ({error})", database.display()),
            format!("run as its owner, {elsewhere}"),
        );
    }
    if existing == path {
        Finding::ok(SUBJECT, format!("{} can be written", path.display()))
    } else {
        Finding::ok(SUBJECT, format!("{} can be made", path.display()))
    }
}

/// Whether another control plane uses the data directory.
pub(super) fn occupation(path: &Path, occupant: &Occupant) -> Finding {
    const SUBJECT: &str = "other control planes";
    match occupant {
        Ok(Occupation::Free) => Finding::ok(SUBJECT, "none uses the data directory"),
        Ok(Occupation::Taken(id)) => Finding::warn(
            SUBJECT,
            format!(
                "one{} serves from {}",
                data_dir::process(*id),
                path.display()
            ),
            "stop it before another is started, or give that one a --data-dir of its own",
        ),
        Err(error) => Finding::fail(
            SUBJECT,
            format!("the lock in {} cannot be read ({error})", path.display()),
            "run as the directory's owner, or name another with --data-dir",
        ),
    }
}

/// Whether requests can be listened for.
pub(super) fn listen(http: &HttpConfig, occupant: &Occupant) -> Finding {
    const SUBJECT: &str = "API address";
    let listen = http.listen;
    if let Err(refused) = http.check_safety() {
        return Finding::refused(SUBJECT, refused);
    }
    match (bind(listen), occupant) {
        (Ok(()), _) => Finding::ok(SUBJECT, format!("{listen} is free")),
        (Err(error), Ok(Occupation::Taken(_))) if error.kind() == io::ErrorKind::AddrInUse => {
            Finding::warn(
                SUBJECT,
                format!("{listen} is taken"),
                "by the other control plane, it seems; give a second one another --listen",
            )
        }
        (Err(error), _) => Finding::fail(
            SUBJECT,
            format!("{listen} cannot be listened on ({error})"),
            "stop what listens there, or choose another with --listen",
        ),
    }
}

/// Listens for a moment.
pub(super) fn bind(address: SocketAddr) -> io::Result<()> {
    TcpListener::bind(address).map(drop)
}

/// What is wrong with a program that shall run in an image that holds nothing else; none if nothing is.
///
/// It must be an ELF file without an interpreter: whoever asks for one is linked to libraries that the image lacks.
pub(super) fn not_static(program: &[u8]) -> Option<&'static str> {
    const CLASS_64: u8 = 2;
    const LITTLE_ENDIAN: u8 = 1;
    const PROGRAM_HEADERS_MAX: usize = 512;
    const INTERPRETER: u32 = 3;
    if !program.starts_with(b"\x7fELF") {
        return Some("is no program for Linux");
    }
    if program.get(4..6) != Some(&[CLASS_64, LITTLE_ENDIAN]) {
        return Some("is no program for 64-bit Linux");
    }
    let half = |at: usize| {
        Some(usize::from(u16::from_le_bytes(
            *program.get(at..)?.first_chunk()?,
        )))
    };
    let header_kind = |number: usize| {
        let table = usize::try_from(u64::from_le_bytes(*program.get(32..)?.first_chunk()?)).ok()?;
        let at = half(54)?.checked_mul(number)?.checked_add(table)?;
        Some(u32::from_le_bytes(*program.get(at..)?.first_chunk()?))
    };
    let count = half(56).unwrap_or(0).min(PROGRAM_HEADERS_MAX);
    if count == 0 {
        return Some("is cut short");
    }
    for number in 0..count {
        match header_kind(number) {
            None => return Some("is cut short"),
            Some(INTERPRETER) => {
                return Some("is linked to libraries, which a container of it lacks");
            }
            Some(_) => {}
        }
    }
    None
}
