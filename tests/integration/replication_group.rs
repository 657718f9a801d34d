//! Replication groups, from HTTP bytes to containers that replicate and back.

mod adopt;
mod all_gone;
mod asking;
mod claims;
mod compatible;
mod create;
mod delete;
mod describe;
mod elected_unseen;
mod failover;
mod hang;
mod held_up;
mod large_keys;
mod maintenance;
mod modify;
mod published;
mod replica_count;
mod resharding;
mod sharded;
mod sharded_settings;
mod tag;
