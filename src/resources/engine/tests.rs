use super::*;

fn row(engine: Engine, version: &str) -> &'static EngineVersion {
    VERSIONS
        .iter()
        .find(|row| row.engine == engine && row.version == version)
        .expect(version)
}

#[test]
fn engines_are_named_in_any_case() {
    assert_eq!(Engine::parse("Redis"), Some(Engine::Redis));
    assert_eq!(Engine::parse("VALKEY"), Some(Engine::Valkey));
    assert_eq!(Engine::parse("memcached"), Some(Engine::Memcached));
    assert_eq!(Engine::parse("redis "), None);
    let ports = Engine::ALL.map(Engine::default_port);
    assert_eq!(ports, [11211, 6379, 6379]);
}

#[test]
fn a_request_means_a_version() {
    let check = |engine: Engine, requested: Option<&str>, expected: Result<&str, Violation>| {
        assert_eq!(
            resolve(engine, requested).map(|row| row.version),
            expected,
            "{engine} {requested:?}"
        );
    };
    check(Engine::Redis, None, Ok("7.1"));
    check(Engine::Memcached, None, Ok("1.6.22"));
    check(Engine::Valkey, None, Ok("9.1"));
    check(Engine::Redis, Some("6.2"), Ok("6.2"));
    check(Engine::Redis, Some("6.x"), Ok("6.2"));
    check(Engine::Redis, Some("5.0.6"), Ok("5.0.6"));
    check(Engine::Memcached, Some("1.4.34"), Ok("1.4.34"));
    let value = |text: &str| Err(Violation::InvalidParameterValue(text.into()));
    let combination = |text: &str| Err(Violation::InvalidParameterCombination(text.into()));
    check(
        Engine::Redis,
        Some("6.2.6"),
        value("Specific version selection is not allowed for '6.2.6', please use '6.2'"),
    );
    check(
        Engine::Valkey,
        Some("8.1.0"),
        value("Specific version selection is not allowed for '8.1.0', please use '8.1'"),
    );
    check(
        Engine::Redis,
        Some("4.0.13"),
        combination("Cannot find version 4.0.13 for redis"),
    );
    check(
        Engine::Redis,
        Some("6.2."),
        combination("Cannot find version 6.2. for redis"),
    );
    check(
        Engine::Redis,
        Some("6.2.x"),
        combination("Cannot find version 6.2.x for redis"),
    );
    check(
        Engine::Redis,
        Some("7"),
        combination("Cannot find version 7 for redis"),
    );
    check(
        Engine::Redis,
        Some("7.2"),
        combination("Cannot find version 7.2 for redis"),
    );
    check(
        Engine::Valkey,
        Some("6.x"),
        combination("Cannot find version 6.x for valkey"),
    );
    check(
        Engine::Memcached,
        Some(""),
        combination("Cannot find version  for memcached"),
    );
}

#[test]
fn a_version_past_its_end_of_life_is_known_but_not_created() {
    let text = "Cannot create redis 3.2.6: this version is past end of life (2023-07-31).";
    let refusal = Violation::InvalidParameterCombination(text.into());
    assert_eq!(resolve(Engine::Redis, Some("3.2.6")), Err(refusal));
    assert_eq!(
        resolve_known(Engine::Redis, Some("3.2.6")).unwrap().version,
        "3.2.6"
    );
}

#[test]
fn versions_come_in_the_order_of_the_service() {
    let all: Vec<_> = versions(VersionFilter::default())
        .map(|row| row.version)
        .collect();
    assert_eq!(all.len(), 37);
    assert_eq!(all[..3], ["1.4.14", "1.4.24", "1.4.33"]);
    let redis: Vec<_> = versions(VersionFilter {
        engine: Some("REDIS"),
        ..Default::default()
    })
    .collect();
    assert!(redis.iter().all(|row| row.engine == Engine::Redis));
    let position = |version| redis.iter().position(|row| row.version == version).unwrap();
    assert!(
        position("2.8.24") < position("2.8.6"),
        "a plain string comparison"
    );
}

#[test]
fn versions_are_filtered() {
    let check = |filter: VersionFilter<'_>, expected: &[&str]| {
        let found: Vec<_> = versions(filter).map(|row| row.version).collect();
        assert_eq!(found, expected, "{filter:?}");
    };
    let none = VersionFilter::default();
    check(
        VersionFilter {
            engine: Some("mysql"),
            ..none
        },
        &[],
    );
    check(
        VersionFilter {
            version: Some("7.0"),
            ..none
        },
        &["7.0"],
    );
    check(
        VersionFilter {
            family: Some("valkey8"),
            ..none
        },
        &["8.0", "8.1", "8.2"],
    );
    check(
        VersionFilter {
            engine: Some("redis"),
            family: Some("valkey8"),
            ..none
        },
        &[],
    );
    check(
        VersionFilter {
            default_only: true,
            ..none
        },
        &["1.6.22", "7.1", "9.1"],
    );
    check(
        VersionFilter {
            engine: Some("redis"),
            default_only: true,
            ..none
        },
        &["7.1"],
    );
    check(
        VersionFilter {
            family: Some("redis6.x"),
            default_only: true,
            ..none
        },
        &["6.2"],
    );
    check(
        VersionFilter {
            family: Some("redis7"),
            default_only: true,
            ..none
        },
        &["7.1"],
    );
}

#[test]
fn upgrades_follow_the_paths_of_the_service() {
    let check = |from: (Engine, &str), to: (Engine, &str), expected: Result<Upgrade, &str>| {
        let outcome = may_upgrade(row(from.0, from.1), row(to.0, to.1));
        let expected = expected.map_err(|text| Violation::InvalidParameterCombination(text.into()));
        assert_eq!(outcome, expected, "{from:?} -> {to:?}");
    };
    use Engine::{Memcached, Redis, Valkey};
    use UpgradeCondition::{NotEncrypted, ReplicationGroup, UsersAreRedis};
    check((Redis, "6.2"), (Redis, "6.2"), Ok(Upgrade::Unchanged));
    check((Redis, "5.0.6"), (Redis, "7.1"), Ok(Upgrade::Allowed));
    check(
        (Redis, "3.2.6"),
        (Redis, "3.2.4"),
        Err("Cannot modify redis from 3.2.6 to 3.2.4"),
    );
    check(
        (Redis, "3.2.6"),
        (Redis, "3.2.10"),
        Ok(Upgrade::AllowedIf(NotEncrypted)),
    );
    check(
        (Redis, "7.1"),
        (Redis, "7.0"),
        Err("Cannot modify redis from 7.1 to 7.0"),
    );
    check(
        (Memcached, "1.4.33"),
        (Memcached, "1.4.24"),
        Err("Cannot modify memcached from 1.4.33 to 1.4.24"),
    );
    check(
        (Redis, "7.1"),
        (Valkey, "7.2"),
        Ok(Upgrade::AllowedIf(ReplicationGroup)),
    );
    check(
        (Valkey, "7.2"),
        (Redis, "7.1"),
        Ok(Upgrade::AllowedIf(UsersAreRedis)),
    );
    check(
        (Valkey, "8.0"),
        (Redis, "7.1"),
        Err("Cannot modify valkey from 8.0 to redis 7.1"),
    );
    check((Valkey, "8.1"), (Valkey, "9.1"), Ok(Upgrade::Allowed));
}

#[test]
fn every_upgrade_path_leads_to_a_version() {
    for from in VERSIONS {
        for path in from.upgrades {
            assert_eq!(row(path.engine, path.version).version, path.version);
        }
    }
}

#[test]
fn a_version_is_found_by_either_of_its_names() {
    assert_eq!(
        find(Engine::Redis, "6.2.6"),
        Some(row(Engine::Redis, "6.2"))
    );
    assert_eq!(find(Engine::Redis, "6.2"), Some(row(Engine::Redis, "6.2")));
    assert_eq!(find(Engine::Redis, "6.2.7"), None);
}

#[test]
fn images_stand_for_versions_in_order() {
    let check = |engine, version, expected: &[&str]| {
        assert_eq!(
            image_candidates(row(engine, version)),
            expected,
            "{engine} {version}"
        );
    };
    check(Engine::Redis, "7.1", &["redis:7.2", "redis:7.0"]);
    check(Engine::Redis, "7.0", &["redis:7.0", "redis:7.2"]);
    check(Engine::Redis, "6.2", &["redis:6.2"]);
    check(
        Engine::Redis,
        "6.0",
        &["redis:6.0.20", "redis:6.0", "redis:6.2"],
    );
    check(Engine::Redis, "5.0.6", &["redis:5.0.6", "redis:5.0"]);
    check(Engine::Valkey, "7.2", &["valkey/valkey:7.2"]);
    check(
        Engine::Valkey,
        "8.1",
        &["valkey/valkey:8.1", "valkey/valkey-bundle:8.1"],
    );
    check(
        Engine::Valkey,
        "8.2",
        &["valkey/valkey-bundle:8.1", "valkey/valkey:8.1"],
    );
    check(Engine::Valkey, "9.1", &["valkey/valkey:9.1"]);
    check(
        Engine::Memcached,
        "1.6.22",
        &["memcached:1.6.22", "memcached:1.6"],
    );
    check(
        Engine::Memcached,
        "1.4.5",
        &["memcached:1.4.24", "memcached:1.4"],
    );
    for version in VERSIONS {
        let candidates = image_candidates(version);
        let mut distinct = candidates.clone();
        distinct.dedup();
        assert_eq!(candidates, distinct);
    }
}

#[test]
fn an_image_tells_the_line_that_it_runs() {
    let check = |version, reference, expected: &str| {
        let line = image_line(row(Engine::Redis, version), reference).to_string();
        assert_eq!(line, expected, "{reference}");
    };
    check("7.1", "redis:7.0", "7.0.0");
    check(
        "7.1",
        "registry.example:5000/caches/redis:7.2.4-alpine",
        "7.2.4",
    );
    check("7.1", "redis:latest", "7.1.0");
    check("7.1", "redis", "7.1.0");
    check("7.1", "registry.example:5000/redis", "7.1.0");
    check("6.2", "redis@sha256:0123", "6.2.6");
    check("6.2", "redis:7", "6.2.6");
}

#[test]
fn versions_compare_as_numbers() {
    assert!(VersionNumber::parse("1.6.22") > VersionNumber::parse("1.6.6"));
    assert_eq!(VersionNumber::parse("1.6.22.1"), None);
    assert_eq!(VersionNumber::parse("1..6"), None);
    assert_eq!(VersionNumber::parse("+1.6"), None);
    assert!(row(Engine::Redis, "6.2").at_least(6, 2, 5));
    assert!(!row(Engine::Redis, "6.0").at_least(6, 2, 0));
}

#[test]
fn slots_are_given_away_as_a_whole_since_valkey_9() {
    let check = |engine, line: &str, expected| {
        let line = VersionNumber::parse(line).unwrap();
        assert_eq!(supports_atomic_migration(engine, line), expected);
    };
    check(Engine::Valkey, "8.1", false);
    check(Engine::Valkey, "9.0", true);
    check(Engine::Valkey, "9.1.2", true);
    check(Engine::Redis, "9.0", false);
}
