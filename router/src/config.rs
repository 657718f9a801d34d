//! Configuration, read once from the environment.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, ensure};

/// What a router needs to know before it starts.
pub struct Config {
    /// Where the control API listens (`CACHEPLANE_ROUTER_CONTROL`, default `0.0.0.0:4571`).
    pub control: SocketAddr,
    /// The bearer token of `/routes` (`CACHEPLANE_ROUTER_TOKEN`, required).
    pub token: Token,
    /// The directory that keeps the last table (`CACHEPLANE_ROUTER_STATE`, default `/state`).
    pub state: PathBuf,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    /// When the control address is not one, or the token is missing: without a token anyone on the
    /// network could redirect every cache.
    pub fn from_env() -> anyhow::Result<Self> {
        let read = |name: &str, default: &str| {
            std::env::var(name)
                .ok()
                .filter(|value| !value.is_empty())
                .unwrap_or_else(|| default.to_owned())
        };
        let control = read("CACHEPLANE_ROUTER_CONTROL", "0.0.0.0:4571");
        let token = read("CACHEPLANE_ROUTER_TOKEN", "");
        ensure!(!token.is_empty(), "CACHEPLANE_ROUTER_TOKEN is not set");
        Ok(Self {
            control: control
                .parse()
                .with_context(|| format!("read CACHEPLANE_ROUTER_CONTROL {control:?}"))?,
            token: Token::new(token),
            state: PathBuf::from(read("CACHEPLANE_ROUTER_STATE", "/state")),
        })
    }
}

/// A secret that can be compared and not printed.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// Takes the secret.
    pub fn new(secret: String) -> Self {
        Self(secret)
    }

    /// Whether `offered` is the secret; takes as long for a near miss as for a far one.
    pub fn matches(&self, offered: &[u8]) -> bool {
        let secret = self.0.as_bytes();
        let differences = secret
            .iter()
            .zip(offered)
            .fold(0u8, |differences, (ours, theirs)| {
                differences | (ours ^ theirs)
            });
        secret.len() == offered.len() && differences == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_secret_matches() {
        let token = Token::new("abc".to_owned());
        assert!(token.matches(b"abc"));
        for wrong in ["", "ab", "abd", "abcd", "ABC"] {
            assert!(!token.matches(wrong.as_bytes()), "{wrong}");
        }
    }
}
