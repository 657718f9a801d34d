//! Stops the process before every action of what befalls a replication group.
