//! `cacheplane doctor`: what stands in the way of serving, one line for each thing looked at, with the cure. Changes nothing.

mod host;
mod looks;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;

use crate::config::{Config, RuntimeKind};
use crate::runtime::Runtime;
use crate::runtime::docker::DockerRuntime;

/// What was found of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether it stands in the way.
    pub verdict: Verdict,
    /// What was looked at.
    pub subject: String,
    /// What is the case.
    pub found: String,
    /// What to do about it; none where all is well, or what was found says it already.
    pub cure: Option<String>,
}

/// Whether something stands in the way of serving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All is well.
    Ok,
    /// Something may not work, or only later.
    Warn,
    /// Serving fails, or no cache can be made.
    Fail,
}

impl Finding {
    fn ok(subject: &str, found: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Ok,
            subject: subject.to_owned(),
            found: found.into(),
            cure: None,
        }
    }

    fn warn(subject: &str, found: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Warn,
            subject: subject.to_owned(),
            found: found.into(),
            cure: Some(cure.into()),
        }
    }

    fn fail(subject: &str, found: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Fail,
            ..Self::warn(subject, found, cure)
        }
    }

    /// What serving would refuse; its message has the cure.
    fn refused(subject: &str, message: impl fmt::Display) -> Self {
        Self {
            verdict: Verdict::Fail,
            ..Self::ok(subject, message.to_string())
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Ok => "ok",
            Verdict::Warn => "warn",
            Verdict::Fail => "fail",
        };
        write!(f, "{verdict:<5} {}: {}", self.subject, self.found)?;
        match &self.cure {
            Some(cure) => write!(f, "; {cure}"),
            None => Ok(()),
        }
    }
}

/// Looks at everything, prints what was found, and tells by the exit code whether `cacheplane serve` would work.
///
/// # Errors
/// Where not even that can be found out.
pub async fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let findings = match config.runtime.kind {
        RuntimeKind::Simulated => findings(config, None).await,
        RuntimeKind::Docker => {
            // Only looks, so it needs no owner.
            let runtime = DockerRuntime::new(config.runtime.docker_host.as_deref(), "")
                .context("connect to Docker")?;
            findings(config, Some(&runtime)).await
        }
    };
    // Whoever closes the pipe early has read enough.
    let _ = io::stdout().write_all(report(&findings).as_bytes());
    Ok(
        if findings
            .iter()
            .any(|finding| finding.verdict == Verdict::Fail)
        {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        },
    )
}

/// Everything that was found; without a runtime, containers are simulated.
async fn findings(config: &Config, runtime: Option<&dyn Runtime>) -> Vec<Finding> {
    let occupant = host::occupant(&config.data_dir);
    let mut findings = vec![
        host::data_dir(&config.data_dir),
        host::occupation(&config.data_dir, &occupant),
        host::listen(&config.http, &occupant),
    ];
    match runtime {
        None => findings.push(Finding::ok(
            "Docker",
            "containers are simulated, so nothing of it is needed",
        )),
        Some(runtime) => findings.extend(looks::at_docker(config, runtime).await),
    }
    findings
}

/// One line for each finding, and what they come to.
fn report(findings: &[Finding]) -> String {
    let count = |verdict| {
        findings
            .iter()
            .filter(|finding| finding.verdict == verdict)
            .count()
    };
    let sum = match (count(Verdict::Fail), count(Verdict::Warn)) {
        (0, 0) => "All is well: cacheplane serve".to_owned(),
        (0, warnings) => {
            format!("Nothing stands in the way ({warnings} to know of): cacheplane serve")
        }
        (failures, _) => format!("In the way of cacheplane serve: {failures}"),
    };
    findings
        .iter()
        .map(|finding| format!("{finding}\n"))
        .chain([sum, "\n".to_owned()])
        .collect()
}
