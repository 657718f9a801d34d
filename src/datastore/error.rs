//! What a caller of the datastore can do something about.

/// A write or read that did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The name is taken.
    #[error("a record of that name exists")]
    AlreadyExists,
    /// The id of a new member of a replication group is taken: the id.
    #[error("a cache cluster called {0} exists")]
    MemberExists(String),
    /// No record of that name.
    #[error("no such record")]
    NotFound,
    /// The record has changed since it was read; read it again.
    #[error("the record has changed since it was read")]
    Stale,
    /// No address or port is free; the text says of which kind.
    #[error("no free {0}")]
    Exhausted(String),
    /// The subnet group that something shall be made in is not there: its name.
    #[error("no subnet group called {0}")]
    NoSubnetGroup(String),
    /// More tags than a resource may carry.
    #[error("too many tags")]
    TooManyTags,
    /// More nodes than an account may have in a region: the quota.
    #[error("more than {0} nodes")]
    TooManyNodes(u32),
    /// More manual snapshots of one source than it may have in a day.
    #[error("too many snapshots of one source")]
    TooManySnapshots,
    /// No parameter group of that name, where a cache is to use it: the name.
    #[error("no parameter group called {0}")]
    NoParameterGroup(String),
    /// More parameter groups than an account may have in a region.
    #[error("too many parameter groups")]
    TooManyParameterGroups,
    /// Something uses it.
    #[error("the record is in use")]
    InUse,
    /// A stored value that no version of ours has written.
    #[error("the database holds a value that cannot be read: {0}")]
    Corrupt(String),
    /// SQLite, or the disk under it.
    #[error("use the database")]
    Database(#[source] sqlx::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::RowNotFound => Self::NotFound,
            sqlx::Error::Database(database) if database.is_unique_violation() => {
                Self::AlreadyExists
            }
            _ => Self::Database(error),
        }
    }
}

impl Error {
    /// An update that names what its writer had read changes nothing where that has changed since.
    pub(super) fn unless_stale(update: &sqlx::sqlite::SqliteQueryResult) -> Result<(), Self> {
        match update.rows_affected() {
            0 => Err(Self::Stale),
            _ => Ok(()),
        }
    }
}
