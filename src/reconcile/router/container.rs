//! A router's container, and the program in it.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use tokio::sync::Mutex;

use super::Routers;
use super::served::Served;
use crate::datastore::RouterRecord;
use crate::routing::RouterEndpoint;
use crate::runtime::labels::{KIND, KIND_ROUTER, RESOURCE};
use crate::runtime::{
    ContainerFile, ContainerObserved, ContainerSpec, ImportedImage, NetworkAttachment,
    PublishedPort, RestartPolicy, VolumeMount, VolumeSpec,
};

/// The port of a router's control interface inside its container. The API hands out none below 1150, so no endpoint wants it.
const CONTROL_PORT: u16 = 1149;

/// Where a router keeps its last table.
const STATE_PATH: &str = "/state";

/// How long a router may take to end its conversations.
const STOP_GRACE: Duration = Duration::from_secs(6);

/// The routers' program as it was last read. It has some megabytes, so it is read anew only where its file is another.
#[derive(Debug, Default)]
pub(super) struct Program {
    read: Mutex<Option<Read>>,
}

/// What changes when a file's content does: which file it is, its length, and the seconds and nanoseconds of its last change.
type FileVersion = (u64, u64, i64, i64);

#[derive(Debug)]
struct Read {
    path: PathBuf,
    version: FileVersion,
    image: ImportedImage,
    reference: String,
}

impl Program {
    /// The image of the program at `path`, and its reference.
    async fn image(&self, path: &Path) -> anyhow::Result<(ImportedImage, String)> {
        let reading = || format!("read the router's program {}", path.display());
        let mut read = self.read.lock().await;
        let found = tokio::fs::metadata(path).await.with_context(reading)?;
        let version = (found.ino(), found.len(), found.mtime(), found.mtime_nsec());
        let same = read
            .as_ref()
            .filter(|read| read.path == path && read.version == version);
        if let Some(same) = same {
            return Ok((same.image.clone(), same.reference.clone()));
        }
        let program = tokio::fs::read(path).await.with_context(reading)?;
        let image = ImportedImage {
            repository: "cacheplane/router".to_owned(),
            program_path: "/cacheplane-router".to_owned(),
            program: program.into(),
            labels: BTreeMap::new(),
            volumes: vec![STATE_PATH.to_owned()],
        };
        let reference = image.reference();
        *read = Some(Read {
            path: path.to_owned(),
            version,
            image: image.clone(),
            reference: reference.clone(),
        });
        Ok((image, reference))
    }
}

impl Routers {
    /// Makes the router's container be there and run. One that runs as wished costs a look and nothing more: a push to it may
    /// be what ends an outage.
    pub(super) async fn ensure_container(
        &self,
        record: &RouterRecord,
        served: &[Served],
    ) -> anyhow::Result<ContainerObserved> {
        let runtime = &self.world.runtime;
        self.world.ensure_networks().await?;
        let path = self.world.ground.router_program.as_deref().context(
            "find the router's program: it is expected beside this one, as cacheplane-router, or where \
             CACHEPLANE_ROUTER_BINARY says",
        )?;
        let (image, reference) = self.program.image(path).await?;
        let mut spec = self.container_spec(record, served, reference);
        let found = runtime.container(&spec.name).await?;
        let runs = found
            .is_some_and(|found| found.generation == Some(spec.generation) && found.is_running());
        if !runs {
            runtime.ensure_imported_image(&image).await?;
            let volume = VolumeSpec {
                name: state_volume(&spec.name),
                labels: spec.labels.clone(),
            };
            runtime.ensure_volume(&volume).await?;
            spec.files = self.files(served)?;
        }
        let ensured = runtime.ensure_container(&spec).await;
        Ok(ensured.inspect_err(|error| self.world.doubt_networks(error))?)
    }

    /// Keys and certificates of the endpoints that are encrypted, made now.
    pub(super) fn files(&self, served: &[Served]) -> anyhow::Result<Vec<ContainerFile>> {
        let mut files = Vec::new();
        for one in served {
            for file in one.files(&self.world)? {
                // All have the authority's.
                if files
                    .iter()
                    .all(|there: &ContainerFile| there.path != file.path)
                {
                    files.push(file);
                }
            }
        }
        Ok(files)
    }

    fn container_spec(
        &self,
        record: &RouterRecord,
        served: &[Served],
        image: String,
    ) -> ContainerSpec {
        let ground = &self.world.ground;
        let name = ground.router_container(&record.name);
        let attach = |network: &str, address| NetworkAttachment {
            network: network.to_owned(),
            address: Some(address),
            aliases: Vec::new(),
        };
        let set = |name: &str, value: String| (name.to_owned(), value);
        ContainerSpec {
            // Another program is another image, and needs another container.
            generation: generation_of(&image),
            image,
            command: Vec::new(),
            environment: BTreeMap::from([
                set("CACHEPLANE_ROUTER_CONTROL", self.control_address(record)),
                set("CACHEPLANE_ROUTER_TOKEN", self.token(record)),
                set("CACHEPLANE_ROUTER_STATE", STATE_PATH.to_owned()),
            ]),
            labels: BTreeMap::from([
                (KIND.to_owned(), KIND_ROUTER.to_owned()),
                (RESOURCE.to_owned(), record.name.clone()),
            ]),
            networks: vec![
                attach(&ground.node_network.name, record.node_address),
                attach(&ground.endpoint_network.name, record.endpoint_address),
            ],
            published_ports: self.published_ports(record, served),
            volumes: vec![VolumeMount {
                volume: state_volume(&name),
                path: STATE_PATH.to_owned(),
            }],
            name,
            restart_policy: RestartPolicy::UnlessStopped,
            memory_limit_bytes: None,
            // Within its own network namespace: it adds the addresses of its endpoints.
            capabilities: vec!["NET_ADMIN".to_owned()],
            stop_grace: STOP_GRACE,
            sysctls: BTreeMap::new(),
            files: vec![],
        }
    }

    /// Where it listens for us: in network mode at its own address only, which no endpoint has.
    fn control_address(&self, record: &RouterRecord) -> String {
        match &self.world.ground.published {
            Some(_) => format!("0.0.0.0:{CONTROL_PORT}"),
            None => format!("{}:{CONTROL_PORT}", record.node_address),
        }
    }

    /// In published mode, the ports of its control interface and of its endpoints.
    fn published_ports(&self, record: &RouterRecord, served: &[Served]) -> Vec<PublishedPort> {
        let Some(published) = &self.world.ground.published else {
            return Vec::new();
        };
        let publish = |host_port: u16, container_port: u16| PublishedPort {
            host_ip: published.bind_address,
            host_port,
            container_port,
        };
        let control = record.control_port.map(|port| publish(port, CONTROL_PORT));
        let endpoints = served
            .iter()
            .filter_map(|one| one.published_port)
            .map(|port| publish(port, port));
        control.into_iter().chain(endpoints).collect()
    }

    /// Removes the router's container, its state and its record.
    pub(super) async fn remove(&self, router: &str) -> anyhow::Result<()> {
        let name = self.world.ground.router_container(router);
        let runtime = &self.world.runtime;
        runtime.remove_container(&name, STOP_GRACE).await?;
        runtime.remove_volume(&state_volume(&name)).await?;
        self.world.datastore.router_forget(router).await?;
        Ok(())
    }

    /// How its control interface is reached.
    pub(super) fn endpoint(&self, record: &RouterRecord) -> RouterEndpoint {
        let (host, port) = match (&self.world.ground.published, record.control_port) {
            (Some(published), Some(port)) => (published.probe_host.clone(), port),
            _ => (record.node_address.to_string(), CONTROL_PORT),
        };
        RouterEndpoint {
            host,
            port,
            name: self.world.ground.router_container(&record.name),
            token: self.token(record),
        }
    }

    fn token(&self, record: &RouterRecord) -> String {
        let purpose = format!("router {}", record.name);
        self.world.ground.derive_secret(&purpose)
    }
}

fn state_volume(container: &str) -> String {
    format!("{container}.state")
}

/// A generation that changes with the image: the beginning of the digest in its tag.
fn generation_of(reference: &str) -> u64 {
    let digits: String = reference
        .rsplit(':')
        .next()
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_hexdigit)
        .take(12)
        .collect();
    u64::from_str_radix(&digits, 16).unwrap_or(1)
}
