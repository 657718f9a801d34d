//! Function libraries, which belong to a node and not to a slot: whoever gets slots must be given them, too.

use ::redis::Value;

use super::super::{EngineError, NodeEndpoint};
use super::{Connection, command, exactly};

/// Copies all libraries; replicas of `to` get them from it. The caller bounds the time.
pub(crate) async fn copy(from: &NodeEndpoint, to: &NodeEndpoint) -> Result<(), EngineError> {
    let mut source = Connection::open(from).await?;
    let answers = source.ask(vec![command(&["FUNCTION", "DUMP"])]).await?;
    let [Value::BulkString(libraries)] = exactly(from, answers)? else {
        return Err(from.refused("answered FUNCTION DUMP with something else than a dump"));
    };
    let mut restore = command(&["FUNCTION", "RESTORE"]);
    restore.arg(libraries).arg("REPLACE");
    let mut target = Connection::open(to).await?;
    target.ask(vec![restore]).await.map(drop)
}
