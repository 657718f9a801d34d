//! What happens to our containers, as an endless stream.

use std::sync::Arc;
use std::time::Duration;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use bollard::Docker;
use bollard::models::{EventMessage, EventMessageTypeEnum};
use bollard::query_parameters::EventsOptions;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};

use super::super::labels;
use super::super::{ContainerChange, NetworkChange, RuntimeEvent};
use super::LOOK_DEADLINE;
use super::client::Client;

/// Pause before the first attempt to reconnect; it doubles with each further one.
const RECONNECT_PAUSE_FIRST: Duration = Duration::from_millis(100);
/// Longest pause between attempts: how late we may notice that Docker is back.
const RECONNECT_PAUSE_MAX: Duration = Duration::from_secs(5);
/// After so much silence the engine is asked whether it is still there; a connection over a network can die unheard.
const SILENCE_MAX: Duration = Duration::from_secs(20);

type Messages = BoxStream<'static, Result<EventMessage, bollard::errors::Error>>;

struct Listener {
    client: Arc<Client>,
    connection: Option<(Docker, Messages)>,
    /// Whether there was a connection before this one.
    connected_before: bool,
    pause: Duration,
}

pub(super) fn events(client: Arc<Client>) -> BoxStream<'static, RuntimeEvent> {
    let listener = Listener {
        client,
        connection: None,
        connected_before: false,
        pause: Duration::ZERO,
    };
    stream::unfold(listener, |mut listener| async move {
        Some((listener.next().await, listener))
    })
    .boxed()
}

impl Listener {
    /// Waits for the next event, connecting as often as it takes; endless by contract, with bounded pauses.
    async fn next(&mut self) -> RuntimeEvent {
        loop {
            let Some((docker, messages)) = &mut self.connection else {
                if self.connect().await && std::mem::replace(&mut self.connected_before, true) {
                    return RuntimeEvent::Reconnected;
                }
                continue;
            };
            match tokio::time::timeout(SILENCE_MAX, messages.next()).await {
                Ok(Some(Ok(message))) => {
                    if let Some(event) = event(message, &self.client.owner) {
                        return event;
                    }
                }
                Ok(Some(Err(_)) | None) => self.connection = None,
                Err(_silence) => {
                    let answer = tokio::time::timeout(LOOK_DEADLINE, docker.ping()).await;
                    if !matches!(answer, Ok(Ok(_))) {
                        self.connection = None;
                    }
                }
            }
        }
    }

    /// Tries once, after the pause that is due.
    async fn connect(&mut self) -> bool {
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).clamp(RECONNECT_PAUSE_FIRST, RECONNECT_PAUSE_MAX);
        let subscribe = async {
            let docker = self.client.docker().await.ok()?;
            // The engine's own clock. Events from that moment on are sent even if they happen before it has read the
            // request, so whoever looks after this has no gap.
            let now = docker.info().await.ok()?.system_time?;
            Some((docker, now))
        };
        let subscribed = tokio::time::timeout(LOOK_DEADLINE, subscribe).await;
        let Ok(Some((docker, now))) = subscribed else {
            *self.client.lock() = None;
            return false;
        };
        let messages = docker.events(Some(options(since(&now)))).boxed();
        self.connection = Some((docker, messages));
        // Not zero: a connection that ends as soon as it is made must not be made in a tight loop.
        self.pause = RECONNECT_PAUSE_FIRST;
        true
    }
}

fn options(since: Option<String>) -> EventsOptions {
    let filters = [
        ("type", &["container", "network"][..]),
        (
            "event",
            &[
                "start",
                "die",
                "oom",
                "destroy",
                "pause",
                "unpause",
                "create",
                "connect",
                "disconnect",
            ][..],
        ),
    ];
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    // Not by label: Docker 20.10 puts no labels on network events.
    let filters = filters
        .into_iter()
        .map(|(key, words)| (key.to_owned(), owned(words)))
        .collect();
    EventsOptions {
        since,
        until: None,
        filters: Some(filters),
    }
}

/// Docker's own time as the number that its events call takes.
fn since(system_time: &str) -> Option<String> {
    let time = DateTime::from_str(system_time, Format::DateTimeWithOffset).ok()?;
    Some(format!("{}.{:09}", time.secs(), time.subsec_nanos()))
}

/// Reads a message; none when it is not about what is ours.
fn event(message: EventMessage, owner: &str) -> Option<RuntimeEvent> {
    let actor = message.actor?;
    let attributes = actor.attributes.unwrap_or_default();
    let name = attributes.get("name")?.clone();
    match message.typ? {
        EventMessageTypeEnum::CONTAINER => {
            if attributes.get(labels::OWNER).map(String::as_str) != Some(owner) {
                return None;
            }
            let change = match message.action?.as_str() {
                "start" => ContainerChange::Started,
                "die" => ContainerChange::Died {
                    exit_code: attributes.get("exitCode").and_then(|c| c.parse().ok()),
                },
                "oom" => ContainerChange::OutOfMemory,
                "pause" => ContainerChange::Paused,
                "unpause" => ContainerChange::Unpaused,
                "destroy" => ContainerChange::Destroyed,
                _ => return None,
            };
            // Docker mixes labels with attributes of its own, which have no dots.
            let labels = attributes
                .into_iter()
                .filter(|(key, _)| key.contains('.'))
                .collect();
            Some(RuntimeEvent::Container {
                name,
                labels,
                change,
            })
        }
        EventMessageTypeEnum::NETWORK => {
            if !name.starts_with(&labels::name_prefix(owner)) {
                return None;
            }
            let change = match message.action?.as_str() {
                "create" => NetworkChange::Created,
                "connect" => NetworkChange::Connected,
                "disconnect" => NetworkChange::Disconnected,
                "destroy" => NetworkChange::Destroyed,
                _ => return None,
            };
            Some(RuntimeEvent::Network {
                network: name,
                container_id: attributes.get("container").cloned(),
                change,
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docker_time_becomes_a_number() {
        assert_eq!(
            since("2026-11-21T21:27:43.490996469Z").as_deref(),
            Some("1795296463.490996469")
        );
        assert_eq!(
            since("2026-11-21T23:27:43.000000001+02:00").as_deref(),
            Some("1795296463.000000001")
        );
        assert_eq!(since("yesterday"), None);
    }
}
