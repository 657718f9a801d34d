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
