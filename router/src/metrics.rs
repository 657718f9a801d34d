//! Counters, and the text that Prometheus reads.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What is counted for one route.
#[derive(Debug, Default)]
pub(crate) struct RouteCounters {
    /// Connections accepted.
    pub(crate) accepted: Counter,
    /// Connections ended.
    pub(crate) closed: Counter,
    /// Connections closed at once because the router holds as many as it may.
    pub(crate) refused: Counter,
    /// Bytes from clients.
    pub(crate) received_bytes: Counter,
    /// Bytes to clients.
    pub(crate) sent_bytes: Counter,
    /// Questions of auto discovery answered.
    pub(crate) discoveries: Counter,
    /// Targets that took no connection.
    pub(crate) connect_failures: Counter,
}

impl RouteCounters {
    /// Connections held now.
    pub(crate) fn open(&self) -> u64 {
        // Read in this order, a connection that ends in between is not counted below zero.
        let closed = self.closed.get();
        self.accepted.get().saturating_sub(closed)
    }
}

/// One route as the metrics show it.
pub(crate) struct RouteSample<'a> {
    pub(crate) id: &'a str,
    pub(crate) kind: &'static str,
    pub(crate) listening: bool,
    pub(crate) counters: &'a RouteCounters,
}

/// A family's name, its type, what it means, and where its value comes from.
type Family = (
    &'static str,
    &'static str,
    &'static str,
    fn(&RouteSample<'_>) -> u64,
);

const FAMILIES: [Family; 9] = [
    (
        "route_listening",
        "gauge",
        "Whether the route takes connections.",
        |route| u64::from(route.listening),
    ),
    (
        "connections_open",
        "gauge",
        "Client connections held.",
        |route| route.counters.open(),
    ),
    (
        "connections_total",
        "counter",
        "Client connections accepted.",
        |route| route.counters.accepted.get(),
    ),
    (
        "connections_refused_total",
        "counter",
        "Connections beyond the router's bound.",
        |route| route.counters.refused.get(),
    ),
    (
        "received_bytes_total",
        "counter",
        "Bytes from clients.",
        |route| route.counters.received_bytes.get(),
    ),
    (
        "sent_bytes_total",
        "counter",
        "Bytes to clients.",
        |route| route.counters.sent_bytes.get(),
    ),
    (
        "discoveries_total",
        "counter",
        "Auto discovery questions answered.",
        |route| route.counters.discoveries.get(),
    ),
    (
        "connect_failures_total",
        "counter",
        "Targets that took no connection.",
        |route| route.counters.connect_failures.get(),
    ),
    (
        "connections_closed_total",
        "counter",
        "Client connections ended.",
        |route| route.counters.closed.get(),
    ),
];

/// Writes the exposition text.
pub(crate) fn render(generation: u64, routes: &[RouteSample<'_>]) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write!(
        out,
        "# HELP cacheplane_router_table_generation Generation of the table in force.\n\
         # TYPE cacheplane_router_table_generation gauge\n\
         cacheplane_router_table_generation {generation}\n"
    );
    for (name, kind, help, value) in FAMILIES {
        let _ = write!(
            out,
            "# HELP cacheplane_router_{name} {help}\n# TYPE cacheplane_router_{name} {kind}\n"
        );
        for route in routes {
            let _ = writeln!(
                out,
                "cacheplane_router_{name}{{route=\"{}\",kind=\"{}\"}} {}",
                escape(route.id),
                route.kind,
                value(route)
            );
        }
    }
    out
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_shows_its_numbers_with_its_id_escaped() {
        let counters = RouteCounters::default();
        counters.accepted.add(3);
        counters.closed.add(1);
        let route = RouteSample {
            id: "a\"b",
            kind: "forward",
            listening: true,
            counters: &counters,
        };
        let text = render(12, &[route]);
        for line in [
            "cacheplane_router_table_generation 12",
            "cacheplane_router_connections_open{route=\"a\\\"b\",kind=\"forward\"} 2",
            "# TYPE cacheplane_router_connections_total counter",
            "cacheplane_router_route_listening{route=\"a\\\"b\",kind=\"forward\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in {text}");
        }
    }
}
