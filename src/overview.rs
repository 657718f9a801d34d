//! `cacheplane status`: asks a running server how its caches are, and says it for a person.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;

use crate::http::admin::CacheStatus;

/// How long the server may take: it reads its database.
const DEADLINE: Duration = Duration::from_secs(10);

/// Asks the server at `url` and prints what it says. The exit code is 0 where nothing is held up.
///
/// # Errors
/// Where no server answers there.
pub async fn run(url: &str) -> anyhow::Result<ExitCode> {
    let client = reqwest::Client::builder()
        .timeout(DEADLINE)
        .no_proxy()
        .build()?;
    let target = format!("{}/admin/v1/status", url.trim_end_matches('/'));
    let answer = client.get(&target).send().await;
    let answer = answer.with_context(|| {
        format!("ask {target} (is the server there? another address: --url URL)")
    })?;
    let caches: Vec<CacheStatus> = answer.error_for_status()?.json().await?;
    std::io::stdout().write_all(in_words(&caches).as_bytes())?;
    let is_held_up = caches.iter().any(|cache| cache.held_up_by.is_some());
    Ok(match is_held_up {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

/// One line for each cache, and under it what there is to say of it.
fn in_words(caches: &[CacheStatus]) -> String {
    if caches.is_empty() {
        return "There are no caches.\n".to_owned();
    }
    let width = |text: fn(&CacheStatus) -> &str| {
        let widths = caches.iter().map(|cache| text(cache).len());
        widths.max().unwrap_or(0)
    };
    let (id, status) = (width(|it| &it.id), width(|it| &it.status));
    let (engine, node_type) = (width(|it| &it.engine), width(|it| &it.node_type));
    let mut text = String::new();
    for cache in caches {
        // Writing to a String does not fail.
        let _ = writeln!(
            text,
            "{:<id$}  {:<status$}  {:<engine$}  {:<node_type$}  {} nodes  {} {}",
            cache.id,
            cache.status,
            cache.engine,
            cache.node_type,
            cache.nodes,
            cache.account,
            cache.region
        );
        for one in &cache.under_way {
            let _ = writeln!(text, "  under way: {one}");
        }
        for one in &cache.pending {
            let _ = writeln!(text, "  waits: {one}");
        }
        if let Some(reason) = &cache.held_up_by {
            let _ = writeln!(text, "  held up: {reason}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cache_has_a_line_and_what_there_is_to_say_of_it() {
        let cache = |id: &str, held_up_by: Option<&str>| CacheStatus {
            kind: "replication-group".to_owned(),
            id: id.to_owned(),
            account: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            status: "modifying".to_owned(),
            engine: "redis 7.0".to_owned(),
            node_type: "cache.t3.micro".to_owned(),
            nodes: "2/3".to_owned(),
            pending: vec!["node type cache.t3.small".to_owned()],
            under_way: vec!["engine version redis 6.2 to redis 7.0".to_owned()],
            held_up_by: held_up_by.map(str::to_owned),
        };
        let text = in_words(&[cache("ants", Some("no image")), cache("bees-hive", None)]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[..4],
            [
                "ants       modifying  redis 7.0  cache.t3.micro  2/3 nodes  000000000000 us-east-1",
                "  under way: engine version redis 6.2 to redis 7.0",
                "  waits: node type cache.t3.small",
                "  held up: no image",
            ]
        );
        assert_eq!(lines.len(), 7);
        assert_eq!(in_words(&[]), "There are no caches.\n");
    }
}
