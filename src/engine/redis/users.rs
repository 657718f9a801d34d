//! The users of a node.

use super::{command, converse};
use crate::engine::{EngineError, NodeEndpoint, NodeUser};

/// Most rules that are left out because the node does not have what they name; more than any of our rules can lack of an engine.
const RULES_LEFT_OUT_MAX: usize = 200;

/// The user that everyone is who has not said who it is.
const DEFAULT: &str = "default";

/// What a node has of a user.
struct Present {
    name: String,
    lets_everyone_in: bool,
}

/// Gives the node these users and takes the others away. The caller bounds the time.
///
/// Nobody reads digests on the way: every line leaves `ACL SETUSER` out of its slow log and of what `MONITOR` shows.
pub(in crate::engine) async fn admit(
    node: &NodeEndpoint,
    users: &[NodeUser],
) -> Result<(), EngineError> {
    let there = present(node).await?;
    let mut users = users.to_vec();
    // Bounded: each turn but the last leaves a rule out.
    for _ in 0..=RULES_LEFT_OUT_MAX {
        let error = match tell(node, &users, &there).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        let EngineError::Refused { message, .. } = &error else {
            return Err(error);
        };
        let Some(unknown) = unknown_rule(message).map(str::to_owned) else {
            return Err(error);
        };
        let before: usize = users.iter().map(|user| user.rules.len()).sum();
        for user in &mut users {
            user.rules
                .retain(|rule| !rule.eq_ignore_ascii_case(&unknown));
        }
        let after: usize = users.iter().map(|user| user.rules.len()).sum();
        if before == after {
            return Err(error);
        }
    }
    Err(node.refused("it does not know most of the rules of its users"))
}

/// All in one go; each user in one step.
async fn tell(
    node: &NodeEndpoint,
    users: &[NodeUser],
    there: &[Present],
) -> Result<(), EngineError> {
    let mut orders = Vec::new();
    for user in users {
        let mut words = vec!["ACL", "SETUSER", &user.name];
        words.extend(user.rules.iter().map(String::as_str));
        orders.push(command(&words));
    }
    let ours = node.administrator.as_ref().map(|it| it.user.as_str());
    let is_gone = |it: &&Present| {
        it.name != DEFAULT
            && ours != Some(it.name.as_str())
            && users.iter().all(|user| user.name != it.name)
    };
    // Their connections end with them.
    for user in there.iter().filter(is_gone) {
        orders.push(command(&["ACL", "DELUSER", &user.name]));
    }
    let was_open = there
        .iter()
        .any(|it| it.name == DEFAULT && it.lets_everyone_in);
    let is_open = users
        .iter()
        .any(|user| user.name == DEFAULT && user.rules.iter().any(|rule| rule == "nopass"));
    if was_open && !is_open {
        // Whoever came in without saying who it is says so now. Replicas and we ourselves are other users.
        for kind in ["normal", "pubsub"] {
            orders.push(command(&["CLIENT", "KILL", "TYPE", kind, "USER", DEFAULT]));
        }
    }
    converse(node, orders).await.map(drop)
}

/// The users there, but for the one as which the node goes to its primary: the nodes of a cluster have one in common for that, and
/// nobody else knows of it.
async fn present(node: &NodeEndpoint) -> Result<Vec<Present>, EngineError> {
    let questions = vec![
        command(&["CONFIG", "GET", "masteruser"]),
        command(&["ACL", "LIST"]),
    ];
    let [peer, users] = super::exactly(node, converse(node, questions).await?)?;
    let peer: Vec<String> = super::read(node, peer)?;
    let is_other = |user: &Present| !peer.iter().skip(1).any(|name| *name == user.name);
    let lines: Vec<String> = super::read(node, users)?;
    Ok(lines
        .iter()
        .filter_map(|line| read(line))
        .filter(is_other)
        .collect())
}

/// A line of `ACL LIST`: `user NAME on nopass ...`. The name is told before anything that could look like a rule.
fn read(line: &str) -> Option<Present> {
    let mut words = line.strip_prefix("user ")?.split(' ');
    let name = words.next()?.to_owned();
    let flags: Vec<&str> = words.collect();
    let has = |flag| flags.contains(&flag);
    Some(Present {
        name,
        lets_everyone_in: has("on") && has("nopass"),
    })
}

/// The rule that names a command or a category that the engine does not have, if that is what it says.
fn unknown_rule(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("ACL SETUSER modifier '")?;
    let (rule, reason) = rest.rsplit_once("': ")?;
    reason
        .contains("Unknown command or category name")
        .then_some(rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_node_lists_is_read() {
        let open = read("user default on nopass sanitize-payload ~* &* +@all").expect("a user");
        assert!(open.name == "default" && open.lets_everyone_in);
        let closed = read("user default off sanitize-payload resetchannels -@all").expect("a user");
        assert!(!closed.lets_everyone_in);
        let nobody = read("user nopass on #0123 ~* +@all").expect("a user");
        assert!(nobody.name == "nopass" && !nobody.lets_everyone_in);
        assert!(read("").is_none());
    }

    #[test]
    fn only_what_the_engine_does_not_have_is_left_out() {
        let said = |text: &str| format!("ERR: Error in ACL SETUSER modifier {text}");
        let unknown = said("'+json.get': Unknown command or category name in ACL");
        assert_eq!(unknown_rule(&unknown), Some("+json.get"));
        let quoted = said("'~it's': Unknown command or category name in ACL");
        assert_eq!(unknown_rule(&quoted), Some("~it's"));
        assert_eq!(unknown_rule(&said("'%R~x': Syntax error")), None);
        assert_eq!(unknown_rule("NOPERM"), None);
    }
}
