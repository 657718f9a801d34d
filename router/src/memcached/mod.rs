//! A conversation with a Memcached client through a configuration endpoint.
//!
//! On AWS that endpoint is an alias of one of the nodes, so everything works through it; here the
//! router answers auto discovery and passes all else to a node. Clients pipeline, so an answer of
//! the router's has to come after those to earlier requests and before those to later ones.
//! It does not follow every command's reply for that, which would mean knowing all commands of
//! all versions, quiet ones and errors to them included. It sends the node a *mark*, a request
//! whose reply is recognized whatever surrounds it (`version`, or the binary no-op), and speaks
//! when the mark's reply comes, in its place. A connection that only asks for the configuration
//! never needs a node.
//!
//! Two halves run side by side in one task, so that neither waits while the other could go on:
//! `Asking` reads the client and writes the node, `Replying` reads the node and writes
//! the client. A bounded queue of `Turn`s leads from the first to the second.

mod ascii;
mod binary;
mod discovery;
mod session;
mod step;

pub(crate) use session::serve;

#[cfg(test)]
mod tests;
