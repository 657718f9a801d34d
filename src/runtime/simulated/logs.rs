//! What simulated processes write, and the commands that took them long.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{Operation, SimulatedRuntime, SimulatedWorld, State};
use crate::runtime::RuntimeError;
use crate::runtime::logs::{LogLine, Logs};

/// A command that took a simulated process long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlowCommand {
    /// When, in seconds since the Unix epoch.
    pub at_seconds: i64,
    /// Its words.
    pub words: Vec<String>,
}

/// All that is kept, by the name of the container.
#[derive(Debug, Default)]
pub(super) struct Kept {
    lines: BTreeMap<String, Vec<LogLine>>,
    /// With the run whose they are: they end with the process.
    slow: BTreeMap<String, (String, Vec<SlowCommand>)>,
}

impl SimulatedWorld {
    /// Lets a container write a line.
    pub fn write_line(&self, container: &str, written_at: i64, text: &str) {
        let line = LogLine {
            written_at,
            text: text.to_owned(),
        };
        self.change(|state| {
            let lines = state.kept.lines.entry(container.to_owned()).or_default();
            lines.push(line);
        });
    }

    /// Lets a command take the process of a container long.
    pub fn run_slowly(&self, container: &str, at_seconds: i64, words: &[&str]) {
        let command = SlowCommand {
            at_seconds,
            words: words.iter().map(|word| (*word).to_owned()).collect(),
        };
        self.change(|state| {
            let run = state.run_of(container);
            let entry = state.kept.slow.entry(container.to_owned()).or_default();
            if entry.0 != run {
                *entry = (run, Vec::new());
            }
            entry.1.push(command);
        });
    }

    /// The run of a container's process, and the commands that took it long, oldest first.
    pub(crate) fn slow_commands(&self, container: &str) -> (String, Vec<SlowCommand>) {
        let state = self.state();
        let run = state.run_of(container);
        let found = state.kept.slow.get(container);
        let commands = found.filter(|(of, _)| *of == run);
        let commands = commands.map(|(_, commands)| commands.clone());
        (run, commands.unwrap_or_default())
    }
}

impl State {
    fn run_of(&self, container: &str) -> String {
        let found = self.containers.get(container);
        let run = found.and_then(|found| found.observe().started_at);
        run.unwrap_or_default()
    }
}

#[async_trait]
impl Logs for SimulatedRuntime {
    async fn logs_after(
        &self,
        name: &str,
        after: i64,
        lines_max: usize,
    ) -> Result<Vec<LogLine>, RuntimeError> {
        let read = |state: &mut State| {
            state.container(name)?;
            let lines = state.kept.lines.get(name);
            let later = lines.into_iter().flatten();
            Ok(later
                .filter(|line| line.written_at > after)
                .take(lines_max)
                .cloned()
                .collect())
        };
        self.call(Operation::ContainerLogs, name, read).await
    }
}
