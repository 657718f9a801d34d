//! The engine as a child of the first process of its container: signals go to it, its end is ours, and whatever else is left
//! behind is reaped.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, wait};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// What the official images start their engine with: it gives the data directory to the engine's user and goes on as that user.
const ENTRY_POINT: &str = "docker-entrypoint.sh";

/// Signals that are the engine's.
const PASSED_ON: [(SignalKind, Signal); 6] = [
    (SignalKind::terminate(), Signal::TERM),
    (SignalKind::interrupt(), Signal::INT),
    (SignalKind::hangup(), Signal::HUP),
    (SignalKind::quit(), Signal::QUIT),
    (SignalKind::user_defined1(), Signal::USR1),
    (SignalKind::user_defined2(), Signal::USR2),
];

/// A running engine. Dropped, it is killed.
#[derive(Debug)]
pub struct Child {
    pid: Pid,
    signals: mpsc::Receiver<Signal>,
    ended: tokio::signal::unix::Signal,
    is_reaped: bool,
}

impl Child {
    /// Starts `command`, by way of the image's entry point where there is one.
    ///
    /// # Errors
    /// Where there is no such program, or no more processes can be.
    pub fn start(command: &[String]) -> anyhow::Result<Self> {
        // Before the child is there, so that no signal falls in between.
        let ended = signal(SignalKind::child()).context("watch SIGCHLD")?;
        let (send, signals) = mpsc::channel(PASSED_ON.len());
        for (kind, sent) in PASSED_ON {
            let mut heard = signal(kind).context("watch a signal")?;
            let send = send.clone();
            tokio::spawn(async move {
                while heard.recv().await.is_some() {
                    if send.send(sent).await.is_err() {
                        return;
                    }
                }
            });
        }
        let words: Vec<String> = entry_point().into_iter().chain(command.to_vec()).collect();
        let Some((program, arguments)) = words.split_first() else {
            bail!("no engine is named");
        };
        let child = Command::new(program)
            .args(arguments)
            .spawn()
            .with_context(|| format!("start {program}"))?;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        Ok(Self {
            pid: pid.context("read the engine's process id")?,
            signals,
            ended,
            is_reaped: false,
        })
    }

    /// Waits for its end, passing signals on. Returns the exit status that tells of it: 128 and the signal's number where one ended it.
    ///
    /// # Errors
    /// When processes cannot be waited for.
    pub async fn ended(mut self) -> anyhow::Result<i32> {
        loop {
            while let Some((pid, status)) =
                wait(WaitOptions::NOHANG).context("wait for the engine")?
            {
                if pid == self.pid {
                    self.is_reaped = true;
                    let status = ExitStatus::from_raw(status.as_raw());
                    if let Some(end) = exit_code(status) {
                        return Ok(end);
                    }
                }
            }
            tokio::select! {
                _ = self.ended.recv() => {}
                Some(sent) = self.signals.recv() => {
                    // One that has just ended is found so at the next look.
                    let _ = kill_process(self.pid, sent);
                }
            }
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.is_reaped {
            let _ = kill_process(self.pid, Signal::KILL);
        }
    }
}

fn exit_code(status: ExitStatus) -> Option<i32> {
    status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
}

fn entry_point() -> Option<String> {
    let path = std::env::var_os("PATH")?;
    let found = |directory: PathBuf| directory.join(ENTRY_POINT).is_file();
    std::env::split_paths(&path)
        .any(found)
        .then(|| ENTRY_POINT.to_owned())
}
