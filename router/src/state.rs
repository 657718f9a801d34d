//! The last table on disk, so that a router that restarts needs nobody.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::table::Table;

const FILE_NAME: &str = "routes.json";

/// The directory that keeps the table.
#[derive(Clone)]
pub struct State {
    directory: PathBuf,
}

impl State {
    /// Uses `directory`, making it when it isn't there.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn open(directory: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(directory)
            .with_context(|| format!("make state directory {}", directory.display()))?;
        Ok(Self {
            directory: directory.to_owned(),
        })
    }

    /// Reads the last table; absent when none was ever stored.
    ///
    /// # Errors
    /// When there is a file that can't be read or is not a table.
    pub fn load(&self) -> anyhow::Result<Option<Table>> {
        let path = self.directory.join(FILE_NAME);
        let body = match fs::read(&path) {
            Ok(body) => body,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("read {}", path.display())),
        };
        let table = Table::parse(&body)
            .map_err(anyhow::Error::msg)
            .with_context(|| format!("understand {}", path.display()))?;
        Ok(Some(table))
    }

    /// Stores a table's JSON as it came, so that members which only a newer router understands
    /// outlive this one. When this returns, the table survives a power cut; until then the one
    /// before it does.
    ///
    /// # Errors
    /// When the disk refuses any step; the table before is still there.
    pub fn store(&self, body: &[u8]) -> anyhow::Result<()> {
        let fresh = self.directory.join(format!("{FILE_NAME}.new"));
        let path = self.directory.join(FILE_NAME);
        let mut file = File::create(&fresh).with_context(|| format!("make {}", fresh.display()))?;
        file.write_all(body).context("write the table")?;
        file.sync_all().context("flush the table")?;
        fs::rename(&fresh, &path).with_context(|| format!("put {} in place", path.display()))?;
        // The rename itself is only durable once the directory is.
        File::open(&self.directory)
            .and_then(|directory| directory.sync_all())
            .context("flush the state directory")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_loaded_and_a_broken_file_is_said() {
        let directory = tempfile::tempdir().unwrap();
        let state = State::open(&directory.path().join("deeper")).unwrap();
        assert_eq!(state.load().unwrap(), None);
        state
            .store(br#"{"generation": 5, "routes": [], "later": 1}"#)
            .unwrap();
        assert_eq!(state.load().unwrap().unwrap().generation, 5);
        state.store(b"{").unwrap();
        assert!(state.load().is_err());
    }
}
