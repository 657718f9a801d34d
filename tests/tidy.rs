//! The rules of the house, as a test: who may use whom, what may not appear where, how big a file may grow.
//!
//! A rule that turns out wrong is changed here, with its reason, in the change that needs it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Who may use whom: a room of `src/`, the rooms or single paths of others that it may use, and after `|` those of
/// [`GUARDED_CRATES`] that it may use. A room that is not here may not be.
const ROOMS: &str = include_str!("tidy/rooms.txt");

/// The files that know all.
const UNBOUND: [&str; 3] = ["control_plane", "lib", "main"];

/// Crates that belong to few rooms; the others must not know them. Those that anyone may use are not listed.
const GUARDED_CRATES: [&str; 10] = [
    "cacheplane_api",
    "object_store",
    "sqlx",
    "bollard",
    "axum",
    "utoipa",
    "reqwest",
    "redis",
    "serde",
    "serde_json",
];

/// A line of [`ROOMS`].
struct Room {
    name: &'static str,
    uses: Vec<&'static str>,
    crates: Vec<&'static str>,
}

impl Room {
    fn all() -> Vec<Self> {
        let lines = ROOMS.lines().map(str::trim);
        lines
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| {
                let (name, rest) = line.split_once(':').expect("a room's name");
                let (uses, crates) = rest.split_once('|').expect("two lists");
                Self {
                    name,
                    uses: uses.split_whitespace().collect(),
                    crates: crates.split_whitespace().collect(),
                }
            })
            .collect()
    }

    fn may_use(&self, path: &str) -> bool {
        let below = |known: &str| path == known || path.starts_with(&format!("{known}::"));
        below(self.name) || self.uses.iter().any(|known| below(known))
    }
}

/// Longest file, in lines.
const FILE_LINES_MAX: usize = 600;

/// Files that may be longer, each with the reason.
const LONG_FILES: &[(&str, &str)] = &[
    ("api/src/generated/", "generated"),
    (
        "src/config/tests.rs",
        "each option once from each of its sources",
    ),
    (
        "src/runtime/simulated.rs",
        "the simulated host's whole face to tests",
    ),
    (
        "tests/simulation/run.rs",
        "one run: every command and every blow",
    ),
];

/// What no module or file is called: names that promise nothing.
const EMPTY_NAMES: [&str; 11] = [
    "manager", "helper", "helpers", "util", "utils", "common", "info", "data", "misc", "managers",
    "shared",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the project: its path from the root, and its text.
struct File {
    path: String,
    text: String,
}

impl File {
    /// The room that a file of `src/` is in.
    fn room(&self) -> Option<&str> {
        let path = self.path.strip_prefix("src/")?;
        path.split('/')
            .next()
            .map(|first| first.trim_end_matches(".rs"))
    }

    /// Lines of code with their numbers: without what is only a comment, up to the tests at the end of the file.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
            .map(|(index, line)| (index + 1, line))
    }

    /// Whether it is nothing but tests.
    fn is_tests(&self) -> bool {
        self.path.ends_with("/tests.rs")
    }
}

/// All text files under `folder` with one of these endings; bounded by the folder's own depth.
fn files(folder: &str, endings: &[&str]) -> Vec<File> {
    let mut waiting = vec![root().join(folder)];
    let mut found = Vec::new();
    while let Some(next) = waiting.pop() {
        let Ok(entries) = fs::read_dir(&next) else {
            continue;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                // Not ours, or not committed.
                if ![
                    "target",
                    ".git",
                    ".venv",
                    ".venv-tools",
                    "node_modules",
                    "__pycache__",
                    ".terraform",
                ]
                .contains(&name.as_str())
                {
                    waiting.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                found.push(read(&path));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn read(path: &PathBuf) -> File {
    let bytes = fs::read(path).expect("read a file");
    File {
        path: path
            .strip_prefix(root())
            .expect("be below the root")
            .to_string_lossy()
            .into_owned(),
        text: String::from_utf8_lossy(&bytes).into_owned(),
    }
}

fn sources() -> Vec<File> {
    files("src", &[".rs"])
}

#[track_caller]
fn demand(findings: Vec<String>) {
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

/// Every path that begins with `crate::` in `text`, `use` groups taken apart: `crate::a::{b, c::d}` is `a::b` and `a::c::d`.
fn own_paths(text: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        // `$crate::` and `mycrate::` are others.
        let before = text[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        expand(&text[at + "crate::".len()..], "", &mut paths);
    }
    paths
}

/// Reads one path or group at the start of `text` and returns what follows it.
fn expand<'a>(text: &'a str, prefix: &str, paths: &mut Vec<String>) -> &'a str {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        // Bounded by the text: each turn takes a member or the end.
        loop {
            rest = rest.trim_start();
            if let Some(after) = rest.strip_prefix('}') {
                return after;
            }
            if rest.is_empty() {
                return rest;
            }
            rest = expand(rest, prefix, paths).trim_start();
            rest = rest.strip_prefix(',').unwrap_or(rest);
        }
    }
    let end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    if word.is_empty() {
        // A star, or something that is no path.
        let mut characters = text.chars();
        characters.next();
        paths.push(prefix.to_owned());
        return characters.as_str();
    }
    let path = match prefix {
        "" => word.to_owned(),
        prefix => format!("{prefix}::{word}"),
    };
    match rest.strip_prefix("::") {
        Some(deeper) => expand(deeper, &path, paths),
        None => {
            paths.push(path);
            match rest.trim_start().strip_prefix("as ") {
                Some(renamed) => {
                    let renamed = renamed.trim_start();
                    renamed.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_')
                }
                None => rest,
            }
        }
    }
}

#[test]
fn paths_are_read_as_rust_reads_them() {
    let check = |text: &str, expected: &[&str]| assert_eq!(own_paths(text), expected, "{text}");
    check("use crate::a::b;", &["a::b"]);
    check(
        "use crate::a::{b, c::{d, e as f}, g};",
        &["a::b", "a::c::d", "a::c::e", "a::g"],
    );
    check("use crate::a::{self as x, y};", &["a::self", "a::y"]);
    check("crate::x::y::z()", &["x::y::z"]);
    check("use crate::a::*;", &["a"]);
    check("use crate::{\n    a::b,\n    c,\n};", &["a::b", "c"]);
    check("pub(crate) fn f() {} $crate::a::b", &[]);
}

#[test]
fn rooms_use_only_whom_they_may() {
    let rooms = Room::all();
    let mut findings = Vec::new();
    for file in sources() {
        let Some(name) = file.room() else { continue };
        // A test may know more than what it tests.
        if UNBOUND.contains(&name) || file.is_tests() {
            continue;
        }
        let Some(room) = rooms.iter().find(|room| room.name == name) else {
            findings.push(format!(
                "{}: {name} is a room that tests/tidy/rooms.txt does not know; say there whom it may use",
                file.path
            ));
            continue;
        };
        let code: String = file.code().map(|(_, line)| format!("{line}\n")).collect();
        for path in own_paths(&code) {
            if !room.may_use(&path) {
                findings.push(format!("{}: {name} may not use crate::{path}", file.path));
            }
        }
        for guarded in GUARDED_CRATES {
            if !room.crates.contains(&guarded) && names_crate(&code, guarded) {
                findings.push(format!(
                    "{}: {name} may not use the crate {guarded}",
                    file.path
                ));
            }
        }
    }
    demand(findings);
}

/// Whether `code` names the crate: `krate::` or `use krate;`, not as part of a longer word or a path of ours.
fn names_crate(code: &str, krate: &str) -> bool {
    code.match_indices(krate).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = &code[at + krate.len()..];
        let is_start = !before.is_some_and(|c| c.is_alphanumeric() || "_:.-\"".contains(c));
        is_start
            && (after.starts_with("::") || (code[..at].ends_with("use ") && after.starts_with(';')))
    })
}

#[test]
fn every_room_is_there() {
    let here: BTreeSet<String> = sources()
        .iter()
        .filter_map(File::room)
        .map(str::to_owned)
        .collect();
    let gone: Vec<String> = Room::all()
        .iter()
        .filter(|room| !here.contains(room.name))
        .map(|room| {
            format!(
                "there is no room {} any more; take it out of tests/tidy/rooms.txt",
                room.name
            )
        })
        .collect();
    demand(gone);
}

#[test]
fn decisions_and_nouns_do_no_work() {
    let mut findings = Vec::new();
    for file in sources() {
        if !matches!(file.room(), Some("resources" | "planner")) || file.is_tests() {
            continue;
        }
        for (number, line) in file.code() {
            for word in [
                "async ",
                ".await",
                "tokio::",
                "std::fs",
                "std::net::Tcp",
                "std::thread",
                "std::env::",
            ] {
                // A member may be called `awaited`.
                let is_word =
                    |rest: &str| !rest.starts_with(|c: char| c.is_alphabetic() || c == '_');
                let mut found = line.match_indices(word);
                if found.any(|(at, _)| word != ".await" || is_word(&line[at + word.len()..])) {
                    findings.push(format!(
                        "{}:{number}: `{word}` in a room that is pure",
                        file.path
                    ));
                }
            }
        }
    }
    demand(findings);
}

#[test]
fn sql_is_in_the_datastore_only() {
    let mut findings = Vec::new();
    for file in sources() {
        if file.room() == Some("datastore") {
            continue;
        }
        for (number, line) in file.code() {
            let has = |word: &str| line.contains(word);
            if has("sqlx::") || has("SELECT ") || has("INSERT INTO") || has("DELETE FROM") {
                findings.push(format!("{}:{number}: SQL outside the datastore", file.path));
            }
        }
    }
    demand(findings);
}

#[test]
fn dockers_library_is_known_to_the_docker_runtime_only() {
    let findings = sources()
        .into_iter()
        .filter(|file| !file.path.starts_with("src/runtime/docker"))
        .filter(|file| names_crate(&file.text, "bollard"))
        .map(|file| format!("{}: bollard outside src/runtime/docker", file.path))
        .collect();
    demand(findings);
}

#[test]
fn the_wall_clock_is_read_in_one_place() {
    let mut findings = Vec::new();
    for file in sources().into_iter().chain(files("api/src", &[".rs"])) {
        if file.path == "src/clock.rs" {
            continue;
        }
        for (number, line) in file.code() {
            if line.contains("SystemTime") {
                findings.push(format!(
                    "{}:{number}: the time comes from clock.rs",
                    file.path
                ));
            }
        }
    }
    demand(findings);
}

#[test]
fn the_wire_contract_does_no_io() {
    let mut findings = Vec::new();
    let pure = ["api/src", "sigv4/src"].map(|folder| files(folder, &[".rs"]));
    for file in pure.into_iter().flatten() {
        for (number, line) in file.code() {
            for word in [
                "tokio::",
                "sqlx::",
                "std::fs",
                "std::net",
                "async fn",
                "std::process",
            ] {
                if line.contains(word) {
                    findings.push(format!(
                        "{}:{number}: `{word}` in the wire contract",
                        file.path
                    ));
                }
            }
        }
    }
    demand(findings);
}

#[test]
fn files_stay_short() {
    let mut findings = Vec::new();
    for folder in ["src", "api", "router", "sigv4", "tests"] {
        for file in files(folder, &[".rs"]) {
            let lines = file.text.lines().count();
            let excused = LONG_FILES
                .iter()
                .any(|(path, _)| file.path.starts_with(path));
            if lines > FILE_LINES_MAX && !excused {
                findings.push(format!(
                    "{} has {lines} lines; past {FILE_LINES_MAX} a file is asking to be two",
                    file.path
                ));
            }
        }
    }
    for (path, reason) in LONG_FILES {
        assert!(
            !reason.is_empty() && root().join(path).exists(),
            "{path} is excused and gone"
        );
    }
    demand(findings);
}

#[test]
fn names_say_something() {
    let mut findings = Vec::new();
    for folder in [
        "src",
        "api",
        "router",
        "sigv4",
        "tests",
        "images",
        "scripts",
        "examples",
        "dashboard",
    ] {
        for file in files(folder, &[".rs", ".py", ".sh", ".js", ".html", ".css"]) {
            // The model's own members are named by AWS.
            let parts = file
                .path
                .split('/')
                .map(|part| part.split('.').next().unwrap_or_default());
            if let Some(name) = parts.into_iter().find(|part| EMPTY_NAMES.contains(part)) {
                findings.push(format!(
                    "{}: `{name}` says nothing of what is inside",
                    file.path
                ));
            }
            for (number, line) in file.code() {
                let module = line
                    .trim_start()
                    .trim_start_matches("pub ")
                    .strip_prefix("mod ");
                let module = module.map(|rest| rest.trim_end_matches([';', '{', ' ']));
                if module.is_some_and(|name| EMPTY_NAMES.contains(&name)) {
                    findings.push(format!(
                        "{}:{number}: a module's name says what is inside",
                        file.path
                    ));
                }
            }
        }
    }
    demand(findings);
}

/// `NNNN_what_it_does.sql`, each number once: they are run in this order. A number may be kept for a change that is not here yet.
#[test]
fn migrations_are_numbered() {
    let mut findings = Vec::new();
    let mut numbers = BTreeSet::new();
    let migrations = files("migrations", &[""]);
    assert!(!migrations.is_empty());
    for file in &migrations {
        let name = file.path.trim_start_matches("migrations/");
        let words = name
            .strip_suffix(".sql")
            .and_then(|stem| stem.split_once('_'));
        let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        let is_well_named = words.is_some_and(|(digits, what)| {
            let is_number = digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit());
            is_number && numbers.insert(digits) && !what.is_empty() && what.bytes().all(is_plain)
        });
        if !is_well_named {
            findings.push(format!("{}: expected NNNN_what_it_does.sql", file.path));
        }
        if !file.text.is_ascii() {
            let path = &file.path;
            findings.push(format!("{path}: plain ASCII, for every tool that reads it"));
        }
    }
    demand(findings);
}

/// What is committed works on every machine.
#[test]
fn no_machine_is_named() {
    // Written apart, so that this file does not hold what it looks for.
    let homes = [["/ro", "ot/"], ["/wo", "rk/"], ["/tm", "p/wt"]].map(|halves| halves.concat());
    let hosts = [
        ["index.cra", "tes.io"],
        ["crates-io-m", "irror"],
        ["artifac", "tory"],
        ["pypi.py", "thon.org"],
        ["registry.npm", "js.org"],
        ["files.python", "hosted.org"],
    ]
    .map(|halves| halves.concat());
    let mut findings = Vec::new();
    let endings = [
        ".rs",
        ".toml",
        ".py",
        ".sh",
        ".yml",
        ".yaml",
        ".json",
        ".md",
        ".sql",
        ".txt",
        "Makefile",
        "Dockerfile",
    ];
    for file in files(".", &endings) {
        if file.path.starts_with("api/model/") || file.path == "Cargo.lock" {
            continue;
        }
        for (index, line) in file.text.lines().enumerate() {
            let path = homes.iter().find(|home| {
                line.match_indices(home.as_str()).any(|(at, _)| {
                    // `${HOME}/root/` or `x/home/` are parts of other paths.
                    !line[..at].ends_with(|c: char| c.is_alphanumeric() || "_}./-".contains(c))
                })
            });
            let host = hosts.iter().find(|host| line.contains(host.as_str()));
            if let Some(found) = path.or(host) {
                findings.push(format!("{}:{}: names `{found}`", file.path, index + 1));
            }
        }
    }
    demand(findings);
}
