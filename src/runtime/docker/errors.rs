//! What Docker's answers mean to a caller.
//!
//! Docker says much of it only in prose, so this file knows sentences of the engine. They are those of 20.10, and those of
//! 28 where they differ; a sentence that changes again ends as `Other`, and is then an event instead of a choice.

use std::net::Ipv4Addr;

use bollard::errors::Error;

use super::super::RuntimeError;

/// What a call does, and to what: `Action("start container", "my-cache")`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Action<'a>(pub(super) &'a str, pub(super) &'a str);

impl Action<'_> {
    /// The kind of the thing, which the action's last word is, and its name.
    fn what(self) -> String {
        let kind = self.0.rsplit_once(' ').map_or(self.0, |(_, kind)| kind);
        format!("{kind} {}", self.1)
    }
}

/// Turns "there is no such thing" into true, success into false.
pub(super) fn is_absent(result: Result<(), RuntimeError>) -> Result<bool, RuntimeError> {
    match result {
        Ok(()) => Ok(false),
        Err(RuntimeError::NotFound { .. }) => Ok(true),
        Err(error) => Err(error),
    }
}

/// Sorts an error by what a caller does about it.
pub(super) fn translate(action: Action<'_>, error: Error) -> RuntimeError {
    match error {
        Error::DockerResponseServerError {
            status_code,
            message,
        } => answer(action, status_code, message),
        Error::HyperResponseError { .. }
        | Error::HyperLegacyError { .. }
        | Error::IOError { .. }
        | Error::RequestTimeoutError
        | Error::SocketNotFoundError(_) => RuntimeError::Unreachable {
            source: Some(error.into()),
        },
        // A pull or import that failed after it had begun; what the registry said is the cause.
        Error::DockerStreamError { error } => other(action, error),
        error => RuntimeError::Other {
            message: format!("{} {}", action.0, action.1),
            source: Some(error.into()),
        },
    }
}

/// Sorts what the engine answered.
fn answer(action: Action<'_>, status_code: u16, message: String) -> RuntimeError {
    let lower = message.to_lowercase();
    let says = |sentence: &str| lower.contains(sentence);
    // Ports first: their sentence may contain the one about addresses.
    if says("port is already allocated")
        || says("bind: address already in use")
        || says("failed to bind host port")
    {
        return match port(&message) {
            Some(port) => RuntimeError::PortInUse { port },
            None => other(action, message),
        };
    }
    if says("address already in use") {
        // Docker does not say which; callers that can find out put it in.
        return RuntimeError::AddressInUse {
            address: Ipv4Addr::UNSPECIFIED,
        };
    }
    if says("pool overlaps with other one") {
        let message = format!(
            "{} {}: its subnet overlaps another network of this host (see `docker network inspect` and `ip route`); \
             configure a subnet that is free",
            action.0, action.1
        );
        return RuntimeError::Conflict { message };
    }
    if says("is not connected to the network") || says("is not connected to network") {
        return RuntimeError::NotFound {
            what: format!("that attachment of {}", action.what()),
        };
    }
    // Docker was replaced by an older one since we asked for its version.
    if says("client version") && says("is too new") {
        return RuntimeError::Unreachable {
            source: Some(message.into()),
        };
    }
    match status_code {
        404 => RuntimeError::NotFound {
            what: missing(&message).unwrap_or_else(|| action.what()),
        },
        409 => RuntimeError::Conflict {
            message: format!("{} {}: {message}", action.0, action.1),
        },
        403 if says("already exists in network") || says("has active endpoints") => {
            RuntimeError::Conflict {
                message: format!("{} {}: {message}", action.0, action.1),
            }
        }
        _ => other(action, message),
    }
}

fn other(action: Action<'_>, message: String) -> RuntimeError {
    RuntimeError::Other {
        message: format!("{} {}", action.0, action.1),
        source: Some(message.into()),
    }
}

/// Reads what is missing out of `No such container: x` and `network x not found`: it need not be what the call was about.
fn missing(message: &str) -> Option<String> {
    if let Some((kind, name)) = message
        .strip_prefix("No such ")
        .and_then(|rest| rest.split_once(": "))
    {
        return Some(format!("{kind} {name}"));
    }
    let name = message
        .strip_prefix("network ")?
        .strip_suffix(" not found")?;
    Some(format!("network {name}"))
}

/// Finds the port in a sentence such as `Bind for 127.0.0.1:6379 failed: port is already allocated`.
fn port(message: &str) -> Option<u16> {
    message.split_whitespace().find_map(|word| {
        let (host, port) = word.split_once(':')?;
        host.parse::<Ipv4Addr>().ok()?;
        let digits = port
            .split(|character: char| !character.is_ascii_digit())
            .next()?;
        digits.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sort(status_code: u16, message: &str) -> String {
        let message = message.to_owned();
        let action = Action("start container", "c");
        format!(
            "{:?}",
            translate(
                action,
                Error::DockerResponseServerError {
                    status_code,
                    message
                }
            )
        )
    }

    #[test]
    fn docker_sentences_become_choices() {
        let check = |status_code, message: &str, expected: &str| {
            let found = sort(status_code, message);
            assert!(found.starts_with(expected), "{message}: {found}");
        };
        check(403, "Address already in use", "AddressInUse");
        check(
            500,
            "failed to set up container networking: Address already in use",
            "AddressInUse",
        );
        let endpoint =
            "driver failed programming external connectivity on endpoint rt-e (68fd98f3)";
        let allocated =
            format!("{endpoint}: Bind for 127.0.0.1:29311 failed: port is already allocated");
        check(500, &allocated, "PortInUse { port: 29311 }");
        let proxy = "Error starting userland proxy: listen tcp4 127.0.0.1:29312: bind: address already in use";
        check(
            500,
            &format!("{endpoint}: {proxy}"),
            "PortInUse { port: 29312 }",
        );
        let newer = "failed to bind host port 127.0.0.1:29313/tcp: address already in use";
        check(500, newer, "PortInUse { port: 29313 }");
        check(
            403,
            "Pool overlaps with other one on this address space",
            "Conflict",
        );
        check(
            403,
            "endpoint with name rt-c already exists in network rt-probe",
            "Conflict",
        );
        check(
            403,
            "error while removing network: network n id 4d has active endpoints",
            "Conflict",
        );
        check(
            409,
            "Cannot kill container: rt-c: Container 729 is not running",
            "Conflict",
        );
        check(
            404,
            "No such container: x",
            "NotFound { what: \"container x\" }",
        );
        check(
            404,
            "network n not found",
            "NotFound { what: \"network n\" }",
        );
        check(404, "page not found", "NotFound { what: \"container c\" }");
        check(
            500,
            "container 729 is not connected to the network n",
            "NotFound",
        );
        check(
            400,
            "client version 1.53 is too new. Maximum supported API version is 1.41",
            "Unreachable",
        );
        check(
            500,
            "something new",
            "Other { message: \"start container c\", source: Some(\"something new\")",
        );
    }

    #[test]
    fn a_missing_socket_is_unreachable() {
        let error = translate(
            Action("list", "containers"),
            Error::SocketNotFoundError("/nowhere".into()),
        );
        assert!(matches!(error, RuntimeError::Unreachable { .. }));
    }
}
