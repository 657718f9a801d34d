//! Gives the fronts of nodes what they check tokens of IAM with: who logs in so, and keys that tell whether a token was signed by
//! somebody who may.
//!
//! A front is given no secret key, but what such a key comes down to for a day, this region and this service: for the day that is,
//! and for the next, so that tokens count for a day at least while no control plane is there. What a front has is remembered, not
//! looked at, and only for as long as the process lives: to give it once more does no harm.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use cacheplane_sigv4::{SigningKey, time};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::driver::{Item, Outcome, Reconciler};
use super::{World, identity};
use crate::activators::{Activator, Activators};
use crate::callers::{Callers, Credential, Secret};
use crate::datastore::Error as StoreError;
use crate::resources::cache_cluster::{CacheCluster, CacheNode};
use crate::resources::engine_settings::TOKENS_FILE;
use crate::resources::timestamp::Timestamp;
use crate::resources::user::{Authentication, User};
use crate::runtime::{ContainerFile, RuntimeError};

/// How long it takes until a credential that was added or removed, or a new day, is known to fronts.
const PERIOD: Duration = Duration::from_secs(5);

/// The service that tokens are signed for.
const SERVICE: &str = "elasticache";

/// How long after its day a token may still count, in seconds: its life, and what clocks may differ by.
const LATE_SECONDS: i64 = 900 + 900;

const DAY_SECONDS: i64 = 86_400;

/// The reconciler of what fronts check tokens with.
#[derive(Debug)]
pub struct Tokens {
    world: World,
    /// What nodes have, by their clusters' keys: the run, and the digest of the file.
    given: Mutex<HashMap<i64, (String, [u8; 32])>>,
}

#[async_trait]
impl Reconciler for Tokens {
    fn name(&self) -> &'static str {
        "tokens"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    fn activator<'a>(&self, activators: &'a Activators) -> &'a Activator {
        &activators.tokens
    }

    async fn list(&self) -> anyhow::Result<Vec<Item>> {
        let keys = self.world.datastore.cache_cluster_list_iam().await?;
        self.given().retain(|key, _| keys.contains(key));
        Ok(keys.into_iter().map(|key| (key, 0)).collect())
    }

    async fn reconcile(&self, key: i64) -> anyhow::Result<Outcome> {
        let store = &self.world.datastore;
        let cluster = match store.cache_cluster_get_by_key(key).await {
            Ok(cluster) => cluster,
            Err(StoreError::NotFound) => return Ok(Outcome::Settled),
            Err(error) => return Err(error).context("read the cache cluster"),
        };
        let (Some(group), Some(run), Some(node)) = (
            &cluster.membership,
            cluster.known_run(),
            cluster.nodes.first(),
        ) else {
            return Ok(Outcome::Settled);
        };
        let users = match store.access_get(group.group_key).await {
            Ok((_, users)) => users.unwrap_or_default(),
            Err(StoreError::NotFound) => return Ok(Outcome::Settled),
            Err(error) => return Err(error).context("read who is let in"),
        };
        let file = self.world.tokens_file(&cluster, node, &users).await?;
        let has = (run.to_owned(), Sha256::digest(&file.content).into());
        if self.given().get(&key) == Some(&has) {
            return Ok(Outcome::Settled);
        }
        match self.world.give_tokens_file(&cluster, node, file).await {
            Ok(()) => {}
            // It is on its way out, or is being made anew: then it is given its file with its users.
            Err(RuntimeError::NotFound { .. }) => return Ok(Outcome::Settled),
            Err(error) => return Err(error).context("give a front what it checks tokens with"),
        }
        self.given().insert(key, has);
        Ok(Outcome::Settled)
    }
}

impl Tokens {
    /// Reconciles in this world.
    pub fn new(world: World) -> Arc<Self> {
        Arc::new(Self {
            world,
            given: Mutex::default(),
        })
    }

    fn given(&self) -> std::sync::MutexGuard<'_, HashMap<i64, (String, [u8; 32])>> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl World {
    /// What a node's front shall check tokens with. The router's `front::iam::keys` reads it.
    pub(super) async fn tokens_file(
        &self,
        cluster: &CacheCluster,
        node: &CacheNode,
        users: &[User],
    ) -> anyhow::Result<ContainerFile> {
        let container = identity(cluster, node).container_name(&self.ground.owner);
        let passwords: BTreeMap<&str, String> = users
            .iter()
            .filter(|user| user.authentication == Authentication::Iam)
            .map(|user| {
                let password = self.ground.token_password(&container, &user.user_name);
                (user.user_name.as_str(), password)
            })
            .collect();
        let group = cluster.membership.as_ref();
        let region = &cluster.scope.region;
        let content = json!({
            "cache": group.map(|group| group.replication_group_id.as_str()),
            "region": region,
            "users": passwords,
            "credentials": match &self.callers {
                Callers::Anyone => None,
                Callers::Signed(all) => {
                    let mut all = all.all().await.context("read the credentials")?;
                    all.retain(|one| one.account == cluster.scope.account);
                    Some(credentials(&all, region, self.clock.now()))
                }
            },
        });
        Ok(ContainerFile {
            path: TOKENS_FILE.to_owned(),
            content: content.to_string().into(),
            owner: 0,
            is_program: false,
        })
    }

    /// Puts it where the front looks.
    pub(super) async fn give_tokens_file(
        &self,
        cluster: &CacheCluster,
        node: &CacheNode,
        file: ContainerFile,
    ) -> Result<(), RuntimeError> {
        let container = identity(cluster, node).container_name(&self.ground.owner);
        self.runtime.put_files(&container, &[file]).await
    }
}

/// What is told of credentials, by their access key ids.
fn credentials(all: &[Credential], region: &str, now: Timestamp) -> BTreeMap<String, Value> {
    let now_seconds = now.as_millis().div_euclid(1000);
    let days = [-LATE_SECONDS, 0, DAY_SECONDS]
        .map(|later| time::text(now_seconds + later)[..8].to_owned());
    let of_one = |one: &Credential| {
        let secret = one.secret_access_key.reveal();
        let keys = days.iter().map(|day| {
            let key = SigningKey::derive(secret, day, region, SERVICE);
            (day, hex::encode(key.bytes()))
        });
        let session_token = one
            .session_token
            .as_ref()
            .map(Secret::reveal)
            .map(|token| hex::encode(Sha256::digest(token)));
        json!({
            "days": keys.collect::<BTreeMap<_, _>>(),
            "session_token": session_token,
            "ends_at": one.expires_at.map(|end| end.as_millis().div_euclid(1000)),
        })
    };
    all.iter()
        .filter(|one| !one.has_expired(now))
        .map(|one| (one.access_key_id.clone(), of_one(one)))
        .collect()
}
