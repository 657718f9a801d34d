//! The idempotent verbs, written once over the few things that a container engine can do.
//!
//! Both runtimes share this file, so what the simulation proves about crashes between two calls is true of the real one.

use std::net::Ipv4Addr;
use std::time::Duration;

use async_trait::async_trait;

use super::labels;
use super::{
    ContainerFile, ContainerObserved, ContainerSpec, ContainerState, NetworkAttachment,
    RuntimeError,
};

/// What an engine does in one call.
#[async_trait]
pub(super) trait Primitives: Sync {
    /// The instance id that our labels carry.
    fn owner(&self) -> &str;
    /// Looks at a container.
    async fn inspect(&self, name: &str) -> Result<Option<ContainerObserved>, RuntimeError>;
    /// Creates a container attached to the first of its networks; a taken name is a conflict.
    async fn create(&self, spec: &ContainerSpec) -> Result<(), RuntimeError>;
    /// Puts files into a container.
    async fn put_files(&self, name: &str, files: &[ContainerFile]) -> Result<(), RuntimeError>;
    /// Starts a container; one that runs is left alone.
    async fn start(&self, name: &str) -> Result<(), RuntimeError>;
    /// Thaws a container.
    async fn unpause(&self, name: &str) -> Result<(), RuntimeError>;
    /// Stops a container; one that is not running is left alone.
    async fn stop(&self, name: &str, grace: Duration) -> Result<(), RuntimeError>;
    /// Removes a container in whatever state and waits until it is gone; one that is absent is no error.
    async fn remove(&self, name: &str) -> Result<(), RuntimeError>;
    /// Attaches a container; one that is attached already is a conflict.
    async fn connect(
        &self,
        container: &str,
        attachment: &NetworkAttachment,
    ) -> Result<(), RuntimeError>;
    /// Detaches a container; nothing to detach is no error.
    async fn disconnect(
        &self,
        container: &str,
        network: &str,
        force: bool,
    ) -> Result<(), RuntimeError>;
}

/// One call on the way to a [`ContainerSpec`].
#[derive(Debug, PartialEq, Eq)]
enum Step<'a> {
    Stop,
    Remove,
    Create,
    Disconnect(&'a str),
    Connect(&'a NetworkAttachment),
    Unpause,
    PutFiles,
    Start,
}

/// Looks once, does what is missing, looks again. Whatever it stopped at is seen by the next look.
pub(super) async fn ensure_container(
    engine: &impl Primitives,
    spec: &ContainerSpec,
) -> Result<ContainerObserved, RuntimeError> {
    let found = engine.inspect(&spec.name).await?;
    let steps = steps(engine.owner(), spec, found.as_ref())?;
    if let Some(found) = found
        && steps.is_empty()
    {
        return Ok(found);
    }
    for step in steps {
        take(engine, spec, step).await?;
    }
    let what = || RuntimeError::NotFound {
        what: format!("container {}, just started,", spec.name),
    };
    engine.inspect(&spec.name).await?.ok_or_else(what)
}

/// Looks once, makes what is missing but its process, looks again.
pub(super) async fn create_container(
    engine: &impl Primitives,
    spec: &ContainerSpec,
) -> Result<ContainerObserved, RuntimeError> {
    let found = engine.inspect(&spec.name).await?;
    let steps = steps(engine.owner(), spec, found.as_ref())?;
    match found {
        Some(found) if !steps.contains(&Step::Create) => return Ok(found),
        _ => {}
    }
    for step in steps.into_iter().filter(|step| *step != Step::Start) {
        take(engine, spec, step).await?;
    }
    let what = || RuntimeError::NotFound {
        what: format!("container {}, just made,", spec.name),
    };
    engine.inspect(&spec.name).await?.ok_or_else(what)
}

async fn take(
    engine: &impl Primitives,
    spec: &ContainerSpec,
    step: Step<'_>,
) -> Result<(), RuntimeError> {
    match step {
        Step::Stop => engine.stop(&spec.name, spec.stop_grace).await,
        Step::Remove => engine.remove(&spec.name).await,
        Step::Create => engine.create(spec).await,
        Step::Disconnect(network) => engine.disconnect(&spec.name, network, false).await,
        Step::Connect(attachment) => engine.connect(&spec.name, attachment).await,
        Step::Unpause => engine.unpause(&spec.name).await,
        Step::PutFiles => engine.put_files(&spec.name, &spec.files).await,
        Step::Start => engine.start(&spec.name).await,
    }
}

/// What lies between a container as found and as wished.
fn steps<'a>(
    owner: &str,
    spec: &'a ContainerSpec,
    found: Option<&ContainerObserved>,
) -> Result<Vec<Step<'a>>, RuntimeError> {
    let mut steps = Vec::new();
    let Some(found) = found else {
        create(spec, &mut steps);
        return Ok(steps);
    };
    if found.labels.get(labels::OWNER).map(String::as_str) != Some(owner) {
        let name = &spec.name;
        return Err(RuntimeError::Conflict {
            message: format!(
                "a container named {name} exists and is not ours; remove or rename it"
            ),
        });
    }
    let broken = matches!(found.state, ContainerState::Dead | ContainerState::Removing);
    if found.generation != Some(spec.generation) || broken {
        if !broken {
            steps.push(Step::Stop);
        }
        steps.push(Step::Remove);
        create(spec, &mut steps);
        return Ok(steps);
    }
    for attachment in &spec.networks {
        match found.addresses.get(&attachment.network) {
            Some(at) if attachment.address.is_none_or(|wanted| wanted == *at) => {}
            Some(_) => steps.extend([
                Step::Disconnect(&attachment.network),
                Step::Connect(attachment),
            ]),
            None => steps.push(Step::Connect(attachment)),
        }
    }
    match found.state {
        ContainerState::Created | ContainerState::Exited => {
            // One that was left half made has none, and newer ones do no harm.
            put_files(spec, &mut steps);
            steps.push(Step::Start);
        }
        ContainerState::Paused => steps.push(Step::Unpause),
        // The engine is starting it itself.
        ContainerState::Restarting | ContainerState::Running => {}
        ContainerState::Dead | ContainerState::Removing => unreachable!("handled as broken"),
    }
    Ok(steps)
}

fn create<'a>(spec: &'a ContainerSpec, steps: &mut Vec<Step<'a>>) {
    steps.push(Step::Create);
    // The engine attaches one network at creation (more only from API 1.44 on); the process must find all at its start.
    steps.extend(spec.networks.iter().skip(1).map(Step::Connect));
    put_files(spec, steps);
    steps.push(Step::Start);
}

fn put_files(spec: &ContainerSpec, steps: &mut Vec<Step<'_>>) {
    if !spec.files.is_empty() {
        steps.push(Step::PutFiles);
    }
}

/// Stops, then removes.
pub(super) async fn remove_container(
    engine: &impl Primitives,
    name: &str,
    grace: Duration,
) -> Result<(), RuntimeError> {
    match engine.stop(name, grace).await {
        Err(RuntimeError::NotFound { .. }) => return Ok(()),
        // A container that cannot be stopped (a frozen one, on some engines) is removed by force below.
        Ok(()) | Err(RuntimeError::Conflict { .. } | RuntimeError::Other { .. }) => {}
        Err(error) => return Err(error),
    }
    engine.remove(name).await
}

/// Looks first: an engine says yes to attaching a stopped container again, at another address, and does nothing.
pub(super) async fn connect_network(
    engine: &impl Primitives,
    container: &str,
    network: &str,
    address: Ipv4Addr,
) -> Result<(), RuntimeError> {
    let found = engine.inspect(container).await?;
    let found = found.ok_or_else(|| RuntimeError::NotFound {
        what: format!("container {container}"),
    })?;
    match found.addresses.get(network) {
        Some(at) if *at == address => return Ok(()),
        Some(_) => engine.disconnect(container, network, false).await?,
        None => {}
    }
    let attachment = NetworkAttachment {
        network: network.to_owned(),
        address: Some(address),
        aliases: Vec::new(),
    };
    engine.connect(container, &attachment).await
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::RestartPolicy;
    use super::*;

    fn attachment(network: &str, last: u8) -> NetworkAttachment {
        NetworkAttachment {
            network: network.into(),
            address: Some(Ipv4Addr::new(10, 211, 0, last)),
            aliases: vec![],
        }
    }

    fn spec() -> ContainerSpec {
        ContainerSpec {
            name: "node".into(),
            image: "redis:7.0".into(),
            command: vec![],
            environment: BTreeMap::new(),
            labels: BTreeMap::new(),
            generation: 2,
            networks: vec![attachment("nodes", 5), attachment("endpoints", 6)],
            published_ports: vec![],
            volumes: vec![],
            restart_policy: RestartPolicy::UnlessStopped,
            memory_limit_bytes: None,
            capabilities: vec![],
            stop_grace: Duration::from_secs(1),
            sysctls: BTreeMap::new(),
            files: vec![],
        }
    }

    fn found(state: ContainerState, generation: u64, at: &[(&str, u8)]) -> ContainerObserved {
        ContainerObserved {
            name: "node".into(),
            id: "1".into(),
            image: "redis:7.0".into(),
            labels: BTreeMap::from([(labels::OWNER.to_owned(), "us".to_owned())]),
            generation: Some(generation),
            state,
            started_at: None,
            exit_code: None,
            oom_killed: false,
            error: String::new(),
            addresses: at
                .iter()
                .map(|(network, last)| ((*network).to_owned(), Ipv4Addr::new(10, 211, 0, *last)))
                .collect(),
        }
    }

    #[test]
    fn steps_are_what_is_missing() {
        use ContainerState::*;
        let spec = spec();
        let (first, second) = (&spec.networks[0], &spec.networks[1]);
        let both = [("nodes", 5), ("endpoints", 6)];
        let fresh = || vec![Step::Create, Step::Connect(second), Step::Start];
        let check = |found: Option<ContainerObserved>, expected: Vec<Step<'_>>| {
            assert_eq!(
                steps("us", &spec, found.as_ref()).unwrap(),
                expected,
                "{found:?}"
            );
        };
        check(None, fresh());
        check(Some(found(Running, 2, &both)), vec![]);
        check(Some(found(Restarting, 2, &both)), vec![]);
        check(
            Some(found(
                Running,
                2,
                &[("nodes", 5), ("endpoints", 6), ("other", 7)],
            )),
            vec![],
        );
        check(Some(found(Exited, 2, &both)), vec![Step::Start]);
        check(Some(found(Paused, 2, &both)), vec![Step::Unpause]);
        check(
            Some(found(Created, 2, &both[..1])),
            vec![Step::Connect(second), Step::Start],
        );
        check(
            Some(found(Running, 2, &[("nodes", 9), ("endpoints", 6)])),
            vec![Step::Disconnect("nodes"), Step::Connect(first)],
        );
        let anew = |first: Vec<Step<'static>>| first.into_iter().chain(fresh()).collect();
        check(
            Some(found(Running, 1, &both)),
            anew(vec![Step::Stop, Step::Remove]),
        );
        check(
            Some(found(Running, 3, &both)),
            anew(vec![Step::Stop, Step::Remove]),
        );
        check(Some(found(Dead, 2, &both)), anew(vec![Step::Remove]));
        check(Some(found(Removing, 2, &both)), anew(vec![Step::Remove]));
    }

    #[test]
    fn files_are_there_before_each_start() {
        let mut spec = spec();
        spec.networks.truncate(1);
        spec.files = vec![ContainerFile {
            path: "/etc/key".into(),
            content: "key".into(),
            owner: 999,
            is_program: false,
        }];
        let steps = |state| {
            let found = found(state, 2, &[("nodes", 5)]);
            steps("us", &spec, Some(&found)).unwrap()
        };
        let started = vec![Step::PutFiles, Step::Start];
        assert_eq!(steps(ContainerState::Created), started);
        assert_eq!(steps(ContainerState::Exited), started);
        assert_eq!(steps(ContainerState::Running), vec![]);
        assert!(!format!("{:?}", spec.files).contains("content"));
    }

    #[test]
    fn a_container_of_another_owner_is_not_touched() {
        let found = found(ContainerState::Running, 1, &[]);
        assert!(matches!(
            steps("them", &spec(), Some(&found)),
            Err(RuntimeError::Conflict { .. })
        ));
    }
}
