-- Who may call where signatures are verified (cacheplane credentials add|list|remove).
CREATE TABLE credentials (
    access_key_id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    sealed BLOB NOT NULL, -- secret and session token, encrypted with a key that is not in this file
    expires_at INTEGER, -- milliseconds since the Unix epoch; none for credentials that do not end
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
