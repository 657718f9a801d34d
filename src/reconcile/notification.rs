//! Tells topics and webhooks of events: each destination in order, at least once, again and again until it takes them, and none waits for
//! another. What it refuses for good is passed over, with a line in the log.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::World;
use super::driver::{Item, Outcome, Reconciler};
use crate::activators::{Activator, Activators};
use crate::datastore::PendingEvent;
use crate::delivery::{AwsEndpoint, DeliveryError, Messenger, Url};
use crate::resources::notification::message;

/// How often is looked for events that nobody was told of.
const PERIOD: Duration = Duration::from_secs(1);

/// Events told in one run.
const EVENTS_MAX: u32 = 100;

/// The destination of all topics.
const SNS: &str = "sns";

/// Where events are told.
#[derive(Debug, Clone)]
pub enum Destination {
    /// The topic that each event has.
    Sns(AwsEndpoint),
    /// An address that takes all of them.
    Webhook(Url),
}

impl Destination {
    fn name(&self) -> &str {
        match self {
            Self::Sns(_) => SNS,
            Self::Webhook(url) => url.as_str(),
        }
    }

    fn wants_topics_only(&self) -> bool {
        matches!(self, Self::Sns(_))
    }
}

/// The reconciler that tells of events.
#[derive(Debug)]
pub struct Notifications {
    world: World,
    messenger: Messenger,
    destinations: Vec<Destination>,
}

#[async_trait]
impl Reconciler for Notifications {
    fn name(&self) -> &'static str {
        "notification"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    fn concurrency(&self) -> usize {
        self.destinations.len().max(1)
    }

    fn activator<'a>(&self, activators: &'a Activators) -> &'a Activator {
        &activators.notification
    }

    async fn list(&self) -> anyhow::Result<Vec<Item>> {
        let mut items = Vec::new();
        for (place, destination) in (0..).zip(&self.destinations) {
            let pending = self.pending(destination, 1).await?;
            if !pending.is_empty() {
                items.push((place, 0));
            }
        }
        Ok(items)
    }

    async fn reconcile(&self, key: i64) -> anyhow::Result<Outcome> {
        let place = usize::try_from(key).unwrap_or(usize::MAX);
        let Some(destination) = self.destinations.get(place) else {
            return Ok(Outcome::Settled);
        };
        let pending = self.pending(destination, EVENTS_MAX).await?;
        let is_all = pending.len() < usize::try_from(EVENTS_MAX).unwrap_or(usize::MAX);
        for event in pending {
            match self.tell(destination, &event).await {
                Ok(()) => {}
                Err(refused @ DeliveryError::Refused { .. }) => {
                    tracing::info!(
                        event = event.key,
                        reason = refused.to_string(),
                        "An event will not be told"
                    );
                }
                Err(later @ DeliveryError::Unavailable { .. }) => {
                    tracing::info!(
                        event = event.key,
                        reason = later.to_string(),
                        "An event is told later"
                    );
                    return Ok(Outcome::Blocked);
                }
            }
            self.world
                .datastore
                .delivery_record(destination.name(), event.key)
                .await?;
        }
        Ok(match is_all {
            true => Outcome::Settled,
            false => Outcome::LookAgain { progressed: true },
        })
    }
}

impl Notifications {
    /// Tells these destinations of what happens in this world from now on.
    ///
    /// # Errors
    /// Where the database or the HTTP client cannot be used.
    pub async fn begin(world: World, destinations: Vec<Destination>) -> anyhow::Result<Arc<Self>> {
        let names: Vec<String> = destinations
            .iter()
            .map(|one| one.name().to_owned())
            .collect();
        world.datastore.delivery_begin(&names).await?;
        Ok(Arc::new(Self {
            world,
            messenger: Messenger::new()?,
            destinations,
        }))
    }

    async fn pending(
        &self,
        destination: &Destination,
        limit: u32,
    ) -> anyhow::Result<Vec<PendingEvent>> {
        let store = &self.world.datastore;
        let pending =
            store.delivery_pending(destination.name(), destination.wants_topics_only(), limit);
        Ok(pending.await?)
    }

    async fn tell(
        &self,
        destination: &Destination,
        pending: &PendingEvent,
    ) -> Result<(), DeliveryError> {
        let id = format!("{}-{}", self.world.ground.owner, pending.key);
        let told = message(&pending.event);
        match destination {
            Destination::Webhook(url) => {
                let body = json!({
                    "id": id,
                    "account": pending.scope.account,
                    "region": pending.scope.region,
                    "sourceType": pending.event.source_type.word(),
                    "sourceIdentifier": pending.event.source_identifier,
                    "message": pending.event.message,
                    "date": seconds(pending),
                    "notification": told.as_ref().map(|told| told.name),
                });
                self.messenger.post(url, &body, &id).await
            }
            Destination::Sns(endpoint) => {
                let (Some(told), Some(topic)) = (told, &pending.topic_arn) else {
                    return Ok(());
                };
                let members: Map<String, Value> = told
                    .members
                    .into_iter()
                    .map(|(name, value)| (name, value.into()))
                    .collect();
                let text = Value::Object(members).to_string();
                let now = self.world.clock.now();
                self.messenger
                    .publish(endpoint, topic, &text, &id, now)
                    .await
            }
        }
    }
}

/// When it happened, in seconds since the Unix epoch.
#[allow(
    clippy::cast_precision_loss,
    reason = "milliseconds of any year that there is"
)]
fn seconds(pending: &PendingEvent) -> f64 {
    pending.event.occurred_at.as_millis() as f64 / 1000.0
}
