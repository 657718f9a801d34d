use super::super::super::parameter::families;
use super::*;

#[test]
fn every_parameter_has_a_rule_and_every_rule_a_parameter() {
    assert!(RULES.is_sorted_by_key(|rule| rule.parameter));
    let resp = || {
        families()
            .iter()
            .filter(|family| family.engine.speaks_resp())
    };
    for family in resp() {
        let names = family.parameters.iter().map(|parameter| parameter.name);
        for name in names.chain(
            family
                .node_type_parameters
                .iter()
                .map(|parameter| parameter.name),
        ) {
            let rules = RULES.iter().filter(|rule| rule.parameter == name).count();
            assert_eq!(rules, 1, "{} {name}", family.name);
        }
    }
    for rule in RULES {
        let known = resp().any(|family| {
            family.parameter(rule.parameter).is_some()
                || family
                    .node_type_parameters
                    .iter()
                    .any(|parameter| parameter.name == rule.parameter)
        });
        assert!(known, "{}", rule.parameter);
    }
}

fn check(
    engine: Engine,
    line: (u32, u32),
    parameters: &[(&'static str, &str)],
    expected: &[(&str, &str)],
) {
    let parameters = parameters
        .iter()
        .map(|&(name, value)| (name, value.to_owned()))
        .collect();
    let directives = engine_directives(engine, v(line.0, line.1), &parameters);
    let directives: Vec<_> = directives
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    assert_eq!(directives, expected, "{engine} {line:?} {parameters:?}");
}

#[test]
fn reserved_memory_is_taken_off() {
    let t3_micro = ("maxmemory", "536870912");
    check(
        Engine::Redis,
        (7, 0),
        &[t3_micro],
        &[("maxmemory", "536870912")],
    );
    check(
        Engine::Redis,
        (7, 0),
        &[t3_micro, ("reserved-memory-percent", "25")],
        &[("maxmemory", "402653184")],
    );
    check(
        Engine::Redis,
        (2, 8),
        &[t3_micro, ("reserved-memory", "36870912")],
        &[("maxmemory", "500000000")],
    );
    check(
        Engine::Redis,
        (4, 0),
        &[
            t3_micro,
            ("reserved-memory", "36870912"),
            ("reserved-memory-percent", "50"),
        ],
        &[("maxmemory", "268435456")],
    );
    check(
        Engine::Redis,
        (7, 0),
        &[t3_micro, ("reserved-memory-percent", "100")],
        &[("maxmemory", "1048576")],
    );
}

#[test]
fn output_buffer_limits_are_folded() {
    let old = [
        ("client-output-buffer-limit-slave-hard-limit", "30"),
        ("client-output-buffer-limit-slave-soft-limit", "20"),
        ("client-output-buffer-limit-slave-soft-seconds", "60"),
    ];
    check(
        Engine::Redis,
        (4, 0),
        &old,
        &[("client-output-buffer-limit", "slave 30 20 60")],
    );
    let new = [
        ("client-output-buffer-limit-normal-hard-limit", "0"),
        ("client-output-buffer-limit-normal-soft-limit", "0"),
        ("client-output-buffer-limit-normal-soft-seconds", "0"),
        ("client-output-buffer-limit-replica-hard-limit", "30"),
        ("client-output-buffer-limit-replica-soft-limit", "20"),
        ("client-output-buffer-limit-replica-soft-seconds", "60"),
    ];
    let expected = [
        ("client-output-buffer-limit", "normal 0 0 0"),
        ("client-output-buffer-limit", "replica 30 20 60"),
    ];
    check(Engine::Redis, (7, 0), &new, &expected);
}

#[test]
fn a_line_gets_what_it_knows() {
    check(
        Engine::Redis,
        (6, 0),
        &[("acl-pubsub-default", "allchannels")],
        &[],
    );
    check(
        Engine::Redis,
        (6, 2),
        &[("acl-pubsub-default", "allchannels")],
        &[("acl-pubsub-default", "allchannels")],
    );
    check(
        Engine::Valkey,
        (8, 0),
        &[("commandlog-reply-larger-than", "1")],
        &[],
    );
    check(
        Engine::Valkey,
        (8, 1),
        &[("commandlog-reply-larger-than", "1")],
        &[("commandlog-reply-larger-than", "1")],
    );
    check(
        Engine::Redis,
        (8, 0),
        &[("extended-redis-compatibility", "yes")],
        &[],
    );
    check(
        Engine::Redis,
        (6, 2),
        &[("hash-max-listpack-value", "64")],
        &[("hash-max-ziplist-value", "64")],
    );
    check(
        Engine::Redis,
        (7, 0),
        &[("hash-max-ziplist-value", "64")],
        &[("hash-max-listpack-value", "64")],
    );
    check(
        Engine::Redis,
        (7, 0),
        &[
            ("close-on-replica-write", "yes"),
            ("search-fanout-target-mode", "client"),
        ],
        &[],
    );
    assert!(service_only_reason("close-on-replica-write").is_some());
    assert_eq!(service_only_reason("timeout"), None);
}

#[test]
fn cluster_mode_decides_some() {
    let alone = [
        ("cluster-preferred-endpoint-type", "tls-dynamic"),
        ("cluster-databases", "0"),
        ("databases", "16"),
    ];
    check(Engine::Valkey, (9, 1), &alone, &[("databases", "16")]);
    let clustered = [
        ("cluster-databases", "0"),
        ("cluster-enabled", "yes"),
        ("cluster-preferred-endpoint-type", "tls-dynamic"),
        ("databases", "16"),
    ];
    let expected = [
        ("cluster-databases", "16"),
        ("cluster-enabled", "yes"),
        ("cluster-preferred-endpoint-type", "ip"),
    ];
    check(Engine::Valkey, (9, 1), &clustered, &expected);
    check(Engine::Valkey, (8, 1), &clustered, &expected[1..]);
}
