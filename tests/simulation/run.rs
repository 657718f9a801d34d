//! A run: commands, failures and actions in the order that the dice say, then calm, then the reckoning.

use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cacheplane::clock::ManualClock;
use cacheplane::control_plane::reconcilers;
use cacheplane::planner::cache_cluster::CREATION_DEADLINE;
use cacheplane::reconcile::driver::Outcome;
use cacheplane::resources::scope::Scope;
use cacheplane::resources::timestamp::Timestamp;
use cacheplane::routing::simulated::SimulatedTables;
use cacheplane::runtime::simulated::{Operation, SimulatedWorld};
use cacheplane_api::Fault;
use tempfile::TempDir;

use crate::client::{self, Command};
use crate::dice::Dice;
use crate::group_client;
use crate::ledger::Ledger;
use crate::process::{Layout, Outside, Process};
use crate::settled_clusters;
use crate::turns::{Action, Task, Turns};
use crate::weather::{Trouble, Weather, verdict};

/// 2026-03-04 10:00:00 UTC, a Wednesday.
const START: Timestamp = Timestamp::from_millis(1_772_618_400_000);

/// Most commands at once.
const CLIENTS: usize = 3;

/// Rounds of all reconcilers after which everything must be as wished.
const ROUNDS_MAX: usize = 100;

/// The same where slots have to move, a few hundred in a round.
const CLUSTER_ROUNDS_MAX: usize = 240;

/// The name of the reconciler of cache clusters.
pub const CACHE_CLUSTERS: &str = "cache_cluster";

/// The name of the reconciler of replication groups.
pub const REPLICATION_GROUPS: &str = "replication_group";

/// How long the simulation waits where a reconciler wants to look again soon.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How a task ended.
pub enum End {
    /// A command, and what it was answered.
    Command(Box<Command>, Scope, Result<Option<String>, Fault>),
    /// A run of a reconciler.
    Run(anyhow::Result<Outcome>),
}

/// Whether the process is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Went {
    /// It is.
    On,
    /// It was stopped before its next action.
    Stopped,
}

/// A control plane and all that happens to it.
pub struct Simulation {
    /// Chance.
    pub dice: Dice,
    /// What outlives the process.
    pub outside: Outside,
    /// The control plane.
    pub process: Process,
    /// What was seen.
    pub ledger: Ledger,
    /// What was done since the start of the process's present stretch.
    pub actions: Vec<Action>,
    /// What happened, for whoever must find out why.
    pub trace: Vec<String>,
    /// What was done: the length of the trace then, the action's number, who did it, and the action.
    done: Vec<(usize, u64, Rc<str>, Action)>,
    /// Actions so far.
    pub steps: u64,
    /// Actions that may have changed something, so far.
    pub effects: u64,
    /// The process stops before this one of them.
    pub stop_at: Option<u64>,
    pub(crate) tasks: Vec<Task<End>>,
    pub(crate) next_task: u64,
    pub(crate) failed_runs: u64,
    /// Runs that want to be repeated soon.
    pub(crate) eager_runs: u64,
    /// Whether clients care for replication groups.
    pub has_groups: bool,
    /// Whether these have cluster mode enabled.
    pub has_clusters: bool,
    pub(crate) layout: Layout,
    pub(crate) trouble: Arc<Mutex<Trouble>>,
    pub(crate) directory: TempDir,
}

impl Simulation {
    /// An empty host, and a control plane on it.
    pub async fn new(seed: u64, layout: Layout) -> Self {
        let shm = std::path::Path::new("/dev/shm");
        let directory = if shm.is_dir() {
            TempDir::new_in(shm)
        } else {
            TempDir::new()
        };
        let directory = directory.expect("make a directory");
        std::fs::write(directory.path().join("router"), b"a router")
            .expect("write a router's program");
        let mut dice = Dice::new(seed);
        let turns = Arc::new(Turns::default());
        let outside = Outside {
            host: SimulatedWorld::new(),
            tables: SimulatedTables::default(),
            clock: ManualClock::at(START),
            push_failures: Arc::new(Mutex::new((Dice::new(dice.below(usize::MAX) as u64), 0))),
            turns: Arc::clone(&turns),
        };
        outside
            .host
            .set_pace(Some(Arc::new(move |operation, target| {
                Box::pin(turns.wait(Action::Call(operation, target.to_owned())))
            })));
        let trouble = Arc::new(Mutex::new(Trouble {
            dice: Dice::new(dice.below(usize::MAX) as u64),
            permille: 0,
            probes: true,
        }));
        let of_hook = Arc::clone(&trouble);
        outside.host.set_hook(Some(Box::new(move |call| {
            verdict(
                &mut of_hook.lock().unwrap_or_else(PoisonError::into_inner),
                call.operation,
            )
        })));
        let process = Process::start(&outside, &layout, directory.path()).await;
        let mut new = Self {
            dice,
            outside,
            process,
            ledger: Ledger::default(),
            actions: Vec::new(),
            trace: Vec::new(),
            done: Vec::new(),
            steps: 0,
            effects: 0,
            stop_at: None,
            tasks: Vec::new(),
            next_task: 0,
            failed_runs: 0,
            eager_runs: 0,
            has_groups: false,
            has_clusters: false,
            layout,
            trouble,
            directory,
        };
        new.calm();
        new
    }

    /// Lets `commands` commands and this weather happen to it.
    pub async fn storm(&mut self, commands: usize, weather: Weather) -> Result<(), String> {
        let mut left = commands;
        self.begin_weather(weather);
        while left > 0 || !self.tasks.is_empty() {
            self.befall(weather).await?;
            let haste = if self.ledger.is_busy() { 2 } else { 25 };
            match self.dice.below(100) {
                chosen if chosen < haste && left > 0 && self.commands_under_way() < CLIENTS => {
                    left -= 1;
                    self.command_any().await?;
                }
                0..40 => self.start_any_run().await?,
                _ => self.go_on_any().await?,
            }
        }
        Ok(())
    }

    /// Lets this weather happen for so many turns, and no command.
    pub async fn endure(&mut self, turns: usize, weather: Weather) -> Result<(), String> {
        self.begin_weather(weather);
        for _ in 0..turns {
            self.befall(weather).await?;
            match self.dice.chance(200) {
                true => self.start_any_run().await?,
                false => self.go_on_any().await?,
            }
        }
        Ok(())
    }

    fn begin_weather(&mut self, weather: Weather) {
        self.set_refusals(weather.refusals);
        self.trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .probes = weather.probes || !self.has_groups;
    }

    /// What may happen between any two actions.
    async fn befall(&mut self, weather: Weather) -> Result<(), String> {
        if self.dice.chance(weather.stops) {
            self.restart("anywhere").await;
        }
        if self.dice.chance(weather.deaths) {
            self.death();
        }
        if self.dice.chance(weather.outages) {
            self.outage();
        }
        if self.has_groups {
            if self.dice.chance(weather.troubles) {
                self.trouble().await;
            }
            if self.dice.chance(30) {
                self.pass_seconds();
            }
            if self.dice.chance(60) {
                match self.has_clusters {
                    true => self.write_cluster_value(),
                    false => self.write_value().await?,
                }
            }
            if self.has_clusters && self.dice.chance(100) {
                self.read_cluster_value()?;
            }
        }
        if self.dice.chance(15) {
            self.pass_time();
        }
        if self.dice.chance(40) {
            self.write_key();
        }
        Ok(())
    }

    /// One of the actions that wait happens; where none does, a reconciler begins.
    async fn go_on_any(&mut self) -> Result<(), String> {
        let waiting = self.outside.turns.waiting();
        if waiting.is_empty() {
            return self.start_any_run().await;
        }
        let (ticket, task, action) = self.dice.pick(&waiting).clone();
        self.go_on(ticket, task, action).await.map(drop)
    }

    /// Ends all failures, and lets what is under way end.
    pub async fn clear_up(&mut self) -> Result<(), String> {
        self.calm();
        while let Some((ticket, task, action)) = self.outside.turns.waiting().first().cloned() {
            self.go_on(ticket, task, action).await?;
        }
        Ok(())
    }

    /// Runs all reconcilers until everything is as wished, and once more.
    pub async fn settle(&mut self) -> Result<Went, String> {
        let mut was_settled = false;
        let rounds_max = match self.has_clusters {
            true => CLUSTER_ROUNDS_MAX,
            false => ROUNDS_MAX,
        };
        for round in 0..rounds_max {
            if round == rounds_max / 2 {
                // A creation that cannot succeed is given up when its time is over.
                self.outside
                    .clock
                    .advance(CREATION_DEADLINE + Duration::from_secs(1));
            }
            let (failed_before, eager_before) = (self.failed_runs, self.eager_runs);
            // Whom they let in decides where routers lead to, which may have had their turn already.
            let admitted = self.process.plain.access_list_unconverged().await;
            let all_admitted = admitted.map_err(|error| error.to_string())?.is_empty();
            let mut order: Vec<usize> = (0..reconcilers(&self.process.world).len()).collect();
            self.dice.shuffle(&mut order);
            for index in order {
                if self.run_all(index).await? == Went::Stopped {
                    return Ok(Went::Stopped);
                }
            }
            let unconverged = self.process.plain.cache_cluster_list_unconverged().await;
            let groups = self
                .process
                .plain
                .replication_group_list_unconverged()
                .await;
            let is_settled = unconverged.map_err(|error| error.to_string())?.is_empty()
                && groups.map_err(|error| error.to_string())?.is_empty()
                && self.failed_runs == failed_before
                && all_admitted;
            if self.eager_runs != eager_before {
                self.outside.clock.advance(LOOK_AGAIN);
            }
            if self.has_clusters {
                self.outside.host.elapse_node_timeout();
            }
            if is_settled && was_settled {
                return Ok(Went::On);
            }
            was_settled = is_settled;
        }
        Err(format!(
            "nothing settles: {}\n{:#?} {:#?} {:#?}",
            settled_clusters::picture(self).await,
            self.ledger.clusters,
            self.ledger.groups.records,
            self.outside.host.containers()
        ))
    }

    /// The place of the reconciler of this name among all.
    pub fn place(&self, name: &str) -> usize {
        let all = reconcilers(&self.process.world);
        let found = all.iter().position(|one| one.name() == name);
        found.unwrap_or_else(|| panic!("no reconciler is called {name}"))
    }

    /// Runs one reconciler on all that it lists.
    pub async fn run_all(&mut self, index: usize) -> Result<Went, String> {
        let reconciler = reconcilers(&self.process.world).swap_remove(index);
        let items = reconciler
            .list()
            .await
            .map_err(|error| format!("{error:#}"))?;
        for (key, _) in items {
            if self.run(index, key).await? == Went::Stopped {
                return Ok(Went::Stopped);
            }
        }
        Ok(Went::On)
    }

    /// Runs one reconciler on one key, with nothing else going on.
    pub async fn run(&mut self, index: usize, key: i64) -> Result<Went, String> {
        let task = self.start_run(index, key).await?;
        self.finish(task).await
    }

    /// Asks and waits for the answer, with nothing else going on.
    pub async fn ask(&mut self, command: Command, scope: &Scope) -> Result<Went, String> {
        let task = self.command(command, scope).await?;
        self.finish(task).await
    }

    async fn finish(&mut self, task: u64) -> Result<Went, String> {
        loop {
            let mut waiting = self.outside.turns.waiting();
            waiting.retain(|(_, of, _)| *of == task);
            if waiting.is_empty() {
                return Ok(Went::On);
            }
            let (ticket, task, action) = self.dice.pick(&waiting).clone();
            if self.go_on(ticket, task, action).await? == Went::Stopped {
                return Ok(Went::Stopped);
            }
        }
    }

    /// Stops the process where it stands, and starts another.
    pub async fn restart(&mut self, text: &str) {
        self.trace
            .push(format!("{:5} the process stops {text}", self.steps));
        self.tasks.clear();
        self.stop_at = None;
        self.process.plain.close().await;
        self.process = Process::start(&self.outside, &self.layout, self.directory.path()).await;
    }

    /// Lets one action happen, and whatever its task does up to the next.
    async fn go_on(&mut self, ticket: u64, task: u64, action: Action) -> Result<Went, String> {
        self.steps += 1;
        self.effects += u64::from(action.has_effect());
        if action.has_effect() && self.stop_at == Some(self.effects) {
            return Ok(Went::Stopped);
        }
        self.ledger.admit(&action, &self.outside)?;
        if !self.ledger.groups.records.is_empty() {
            let by = self.tasks.iter().find(|found| found.id == task);
            let by = by.map_or_else(|| Rc::from(""), |found| Rc::clone(&found.name));
            self.before(&action, &by).await?;
        }
        let before = self.graceful_end(&action);
        self.outside.turns.release(ticket);
        let index = self
            .tasks
            .iter()
            .position(|found| found.id == task)
            .ok_or("a turn of no task")?;
        let name = Rc::clone(&self.tasks[index].name);
        self.done
            .push((self.trace.len(), self.steps, name, action.clone()));
        let end = self.outside.turns.advance(&mut self.tasks[index]).await;
        match &action {
            Action::Write(_) => {
                self.ledger.read(&self.process.plain, &self.outside).await?;
                self.forget_values();
            }
            Action::Call(_, target) if action.has_effect() => {
                self.ledger.match_container(&self.outside, target)?
            }
            Action::Call(..) | Action::Push(_) => {}
        }
        if let Some((name, run)) = before
            && self
                .outside
                .host
                .containers()
                .iter()
                .any(|now| now.name == name && (now.started_at != run || !now.is_running()))
        {
            self.ledger.keep(&name);
        }
        self.ledger.note_tables(&self.outside);
        self.forget_lost_tables();
        self.actions.push(action);
        if let Some(end) = end {
            self.tasks.remove(index);
            self.judge(end)?;
        }
        Ok(Went::On)
    }

    /// The node that this action ends gracefully, and its present run.
    fn graceful_end(&self, action: &Action) -> Option<(String, Option<String>)> {
        let Action::Call(Operation::ContainerStop | Operation::ContainerRestart, name) = action
        else {
            return None;
        };
        let found = self
            .outside
            .host
            .containers()
            .into_iter()
            .find(|found| found.name == *name)?;
        found.is_running().then_some((found.name, found.started_at))
    }

    /// A router keeps its table on its volume.
    fn forget_lost_tables(&self) {
        let volumes = self.outside.host.volume_names();
        let mut tables = self
            .outside
            .tables
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        tables.retain(|name, _| volumes.contains(&format!("{name}.state")));
    }

    async fn begin(
        &mut self,
        name: String,
        future: impl Future<Output = End> + 'static,
    ) -> Result<u64, String> {
        self.next_task += 1;
        let mut task = Task::new(self.next_task, name, future);
        match self.outside.turns.advance(&mut task).await {
            Some(end) => self.judge(end)?,
            None => self.tasks.push(task),
        }
        Ok(self.next_task)
    }

    async fn command(&mut self, command: Command, scope: &Scope) -> Result<u64, String> {
        let name = format!("{}: {}", scope.region, command.text());
        self.trace.push(format!("{:5} {name}", self.steps));
        let (cx, scope, asked) = (
            self.process.context(scope),
            scope.clone(),
            Box::new(command.clone()),
        );
        self.begin(name, async move {
            End::Command(asked, scope, command.ask(cx).await)
        })
        .await
    }

    async fn command_any(&mut self) -> Result<(), String> {
        let region = if self.dice.chance(850) {
            "us-east-1"
        } else {
            "eu-west-1"
        };
        let scope = Scope::of_caller("test", region).expect("be a region");
        let (clusters, groups) = (&self.ledger.clusters, &self.ledger.groups.records);
        let command = match self.has_groups {
            true => group_client::any(&mut self.dice, groups, clusters, &scope),
            false => client::any(&mut self.dice, clusters, &scope),
        };
        self.command(command, &scope).await.map(drop)
    }

    fn commands_under_way(&self) -> usize {
        self.tasks
            .iter()
            .filter(|task| !task.name.starts_with("run "))
            .count()
    }

    async fn start_run(&mut self, index: usize, key: i64) -> Result<u64, String> {
        let reconciler = reconcilers(&self.process.world).swap_remove(index);
        let name = run_name(index, key);
        self.begin(
            name,
            async move { End::Run(reconciler.reconcile(key).await) },
        )
        .await
    }

    /// As the driver does: no key twice at once, and one at a time of those that have but one.
    async fn start_any_run(&mut self) -> Result<(), String> {
        // How often each is run, in hundredths.
        let (health, watch, groups) = match self.has_groups {
            true => (12, 24, 55),
            false => (22, 22, 22),
        };
        let name = match self.dice.below(100) {
            0..2 => "maintenance",
            chosen if chosen < health => "health",
            chosen if chosen < watch => "watch",
            chosen if chosen < groups => REPLICATION_GROUPS,
            chosen if chosen < 80 => CACHE_CLUSTERS,
            80..86 => "access",
            86..98 => "router",
            _ => "snapshot",
        };
        let index = self.place(name);
        let reconciler = reconcilers(&self.process.world).swap_remove(index);
        let items = reconciler
            .list()
            .await
            .map_err(|error| format!("{error:#}"))?;
        let kind = format!("run {index} ");
        let in_work = self
            .tasks
            .iter()
            .filter(|task| task.name.starts_with(&kind))
            .count();
        if items.is_empty() || in_work >= reconciler.concurrency() {
            return Ok(());
        }
        let (key, _) = *self.dice.pick(&items);
        if self
            .tasks
            .iter()
            .any(|task| *task.name == run_name(index, key))
        {
            return Ok(());
        }
        self.start_run(index, key).await.map(drop)
    }

    /// What was promised must be on record.
    fn judge(&mut self, end: End) -> Result<(), String> {
        match end {
            End::Run(Err(error)) => {
                self.failed_runs += 1;
                let text = format!("{error:#}");
                self.trace
                    .push(format!("{:5} a run failed: {text}", self.steps));
                if text.contains("stages") {
                    Err(text)
                } else {
                    Ok(())
                }
            }
            End::Run(Ok(outcome)) => {
                self.eager_runs += u64::from(matches!(outcome, Outcome::LookAgain { .. }));
                self.trace
                    .push(format!("{:5} a run ended {outcome:?}", self.steps));
                Ok(())
            }
            End::Command(command, _, Err(fault)) => {
                self.trace.push(format!(
                    "{:5} refused: {} {}",
                    self.steps,
                    command.text(),
                    fault.message()
                ));
                match client::is_lawful(&fault) {
                    true => Ok(()),
                    false => Err(format!("{} fails: {fault:?}", command.text())),
                }
            }
            End::Command(command, scope, Ok(status)) => {
                self.trace.push(format!(
                    "{:5} answered: {} {status:?}",
                    self.steps,
                    command.text()
                ));
                self.ledger.hold_to(&command, &scope, status.as_deref())
            }
        }
    }

    /// The trace, with all actions or without.
    pub fn story(&self, whole: bool) -> String {
        let mut text = String::new();
        let mut done = self.done.iter().filter(|_| whole).peekable();
        for place in 0..=self.trace.len() {
            while let Some((_, step, name, action)) = done.next_if(|(at, ..)| *at <= place) {
                // Writing to a String does not fail.
                let _ = writeln!(text, "{step:5}   {name} {action:?}");
            }
            if let Some(line) = self.trace.get(place) {
                let _ = writeln!(text, "{line}");
            }
        }
        text
    }
}

fn run_name(index: usize, key: i64) -> String {
    format!("run {index} {key}")
}
