use std::collections::BTreeSet;
use std::fs;

use super::layers::setting_names;
use super::*;
use crate::resources::subnet_group::SubnetPlace;
use crate::store::bucket::S3;

/// What is asked of `read_from`: arguments, variables, and whether by root.
fn surroundings(variables: &[(&str, &str)]) -> Surroundings {
    Surroundings {
        variables: [("HOME", "/home/ada")]
            .iter()
            .chain(variables)
            .map(|(name, value)| ((*name).to_owned(), OsString::from(value)))
            .collect(),
        is_root: false,
    }
}

fn read(
    verb: &str,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> Result<Command, ConfigError> {
    let start = ["cacheplane", verb];
    let arguments = start.iter().chain(arguments).map(OsString::from);
    read_from(arguments, &surroundings(variables))
}

fn serve(arguments: &[&str], variables: &[(&str, &str)]) -> Config {
    match read("serve", arguments, variables) {
        Ok(Command::Serve(config)) => config,
        other => panic!("{other:?}"),
    }
}

/// The message of a configuration that is refused.
fn refusal(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    read("serve", arguments, variables)
        .expect_err("refused")
        .to_string()
}

fn file(content: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), content).unwrap();
    file
}

#[test]
fn defaults_are_as_documented() {
    let config = serve(&[], &[]);
    assert_eq!(
        config,
        Config {
            http: HttpConfig {
                listen: "127.0.0.1:4570".parse().unwrap(),
                auth: AuthMode::Off,
                credentials_file: None,
                allow_unsigned_requests: false,
            },
            data_dir: "/home/ada/.local/share/cacheplane".into(),
            runtime: RuntimeConfig {
                kind: RuntimeKind::Docker,
                docker_host: None,
            },
            endpoints: EndpointConfig {
                mode: EndpointMode::Auto,
                advertise_host: "localhost".into(),
                port_range: 6379..=7378,
                node_subnet: None,
            },
            images: BTreeMap::new(),
            subnets: BTreeMap::new(),
            router_binary: None,
            metrics: MetricsConfig {
                interval: Duration::from_secs(60),
            },
            snapshots: SnapshotConfig {
                store: None,
                region: "us-east-1".into(),
                s3: S3::default(),
            },
            notifications: NotificationsConfig {
                sns_endpoint: None,
                sns_access_key_id: "test".into(),
                sns_secret_access_key: Secret("test".into()),
                webhooks: vec![],
            },
            logs: LogsConfig {
                endpoint: None,
                access_key_id: "test".into(),
                secret_access_key: Secret("test".into()),
            },
            telemetry: TelemetryConfig {
                format: LogFormat::Text,
                level: "info".into(),
            },
        }
    );
}

#[test]
fn data_goes_where_each_user_keeps_it() {
    let of = |variables: &[(&str, &str)]| serve(&[], variables).data_dir;
    assert_eq!(
        of(&[("XDG_DATA_HOME", "/data/ada")]),
        Path::new("/data/ada/cacheplane")
    );
    assert_eq!(
        of(&[("XDG_DATA_HOME", "relative")]),
        Path::new("/home/ada/.local/share/cacheplane")
    );
    let root = Surroundings {
        is_root: true,
        ..surroundings(&[("XDG_DATA_HOME", "/data/ada")])
    };
    let read_as = |surroundings: &Surroundings| {
        read_from(["cacheplane", "serve"].map(OsString::from), surroundings)
    };
    let Ok(Command::Serve(config)) = read_as(&root) else {
        panic!("refused");
    };
    assert_eq!(config.data_dir, Path::new("/var/lib/cacheplane"));
    let homeless = read_as(&Surroundings::default()).expect_err("no home");
    assert!(homeless.to_string().contains("--data-dir"), "{homeless}");
}

#[test]
fn a_relative_data_directory_is_made_absolute() {
    let config = serve(&["--data-dir", "data"], &[]);
    assert_eq!(
        config.data_dir,
        std::env::current_dir().unwrap().join("data")
    );
}

#[test]
fn a_flag_wins_over_the_environment_over_the_file_over_the_default() {
    let file = file("listen = '127.0.0.1:3'\nlog-format = 'json'\nadvertise-host = 'file'");
    let path = file.path().to_str().unwrap();
    let environment = [
        ("CACHEPLANE_LISTEN", "127.0.0.1:2"),
        ("CACHEPLANE_LOG_FORMAT", "text"),
    ];
    let all = serve(&["--config", path, "--listen", "127.0.0.1:1"], &environment);
    assert_eq!(all.http.listen.port(), 1);
    let two = serve(&["--config", path], &environment);
    assert_eq!(two.http.listen.port(), 2);
    assert_eq!(two.telemetry.format, LogFormat::Text);
    assert_eq!(two.endpoints.advertise_host, "file");
    let one = serve(&["--config", path], &[]);
    assert_eq!(one.http.listen.port(), 3);
    assert_eq!(one.telemetry.format, LogFormat::Json);
    assert_eq!(serve(&[], &[]).http.listen.port(), 4570);
}

#[test]
fn the_environment_may_name_the_file() {
    let file = file("listen = '127.0.0.1:3'");
    let path = file.path().to_str().unwrap();
    let config = serve(&[], &[("CACHEPLANE_CONFIG", path)]);
    assert_eq!(config.http.listen.port(), 3);
    let other = self::file("listen = '127.0.0.1:4'");
    let flag = ["--config", other.path().to_str().unwrap()];
    let config = serve(&flag, &[("CACHEPLANE_CONFIG", path)]);
    assert_eq!(config.http.listen.port(), 4);
}

#[test]
fn every_setting_can_be_said_in_every_place() {
    let said = [
        ("listen", "127.0.0.1:1"),
        ("data-dir", "/data"),
        ("endpoints", "published"),
        ("advertise-host", "cache.example.com"),
        ("port-range", "7000-7009"),
        ("node-subnet", "10.1.0.0/16"),
        ("docker-host", "tcp://docker.example.com:2375"),
        ("runtime", "simulated"),
        (
            "image",
            "redis:7.1=registry.example.com:5000/cache/redis:7.2",
        ),
        ("subnet", "subnet-1=us-east-1f:vpc-2"),
        ("log-format", "json"),
        ("log-level", "warn,cacheplane=debug"),
        ("auth", "sigv4"),
        ("credentials-file", "/etc/callers"),
        ("allow-unsigned-requests", "true"),
        ("router-binary", "/opt/router"),
        ("metrics-interval", "5s"),
        ("snapshot-store", "s3://backups/caches/1"),
        ("s3-endpoint", "http://127.0.0.1:9000/"),
        ("s3-region", "eu-west-1"),
        ("s3-access-key-id", "AKIA"),
        ("s3-secret-access-key", "secret"),
        ("sns-endpoint", "https://sns.example.com"),
        ("sns-access-key-id", "AKIA"),
        ("sns-secret-access-key", "hush"),
        ("logs-endpoint", "https://logs.example.com"),
        ("logs-access-key-id", "AKIB"),
        ("logs-secret-access-key", "whisper"),
        ("webhook", "http://hooks.example.com/events"),
    ];
    let names: BTreeSet<String> = setting_names().into_iter().collect();
    assert_eq!(
        names,
        said.iter().map(|(name, _)| (*name).to_owned()).collect()
    );

    let flags: Vec<String> = said
        .iter()
        .map(|(name, value)| format!("--{name}={value}"))
        .collect();
    let flags = serve(&flags.iter().map(String::as_str).collect::<Vec<_>>(), &[]);
    let variables: Vec<(String, &str)> = said
        .iter()
        .map(|(name, value)| {
            let name = name.replace('-', "_").to_uppercase();
            (format!("CACHEPLANE_{name}"), *value)
        })
        .collect();
    let variables: Vec<(&str, &str)> = variables
        .iter()
        .map(|(name, value)| (name.as_str(), *value))
        .collect();
    assert_eq!(serve(&[], &variables), flags);
    let lines: String = said
        .iter()
        .map(|(name, value)| format!("{name} = '{value}'\n"))
        .collect();
    let file = file(&lines);
    assert_eq!(
        serve(&["--config", file.path().to_str().unwrap()], &[]),
        flags
    );

    assert_eq!(
        flags,
        Config {
            http: HttpConfig {
                listen: "127.0.0.1:1".parse().unwrap(),
                auth: AuthMode::Sigv4,
                credentials_file: Some("/etc/callers".into()),
                allow_unsigned_requests: true,
            },
            data_dir: "/data".into(),
            runtime: RuntimeConfig {
                kind: RuntimeKind::Simulated,
                docker_host: Some("tcp://docker.example.com:2375".into()),
            },
            endpoints: EndpointConfig {
                mode: EndpointMode::Published,
                advertise_host: "cache.example.com".into(),
                port_range: 7000..=7009,
                node_subnet: Some("10.1.0.0/16".parse().unwrap()),
            },
            images: BTreeMap::from([(
                ("redis".into(), "7.1".into()),
                "registry.example.com:5000/cache/redis:7.2".into()
            )]),
            subnets: BTreeMap::from([(
                "subnet-1".into(),
                SubnetPlace {
                    zone: "us-east-1f".into(),
                    vpc_id: Some("vpc-2".into()),
                },
            )]),
            router_binary: Some("/opt/router".into()),
            metrics: MetricsConfig {
                interval: std::time::Duration::from_secs(5),
            },
            snapshots: SnapshotConfig {
                store: Some(SnapshotStore::Bucket("backups".into(), "caches/1".into())),
                region: "eu-west-1".into(),
                s3: S3 {
                    endpoint: Some("http://127.0.0.1:9000".into()),
                    access_key_id: Some("AKIA".into()),
                    secret_access_key: Some("secret".into()),
                },
            },
            notifications: NotificationsConfig {
                sns_endpoint: Some("https://sns.example.com".into()),
                sns_access_key_id: "AKIA".into(),
                sns_secret_access_key: Secret("hush".into()),
                webhooks: vec!["http://hooks.example.com/events".into()],
            },
            logs: LogsConfig {
                endpoint: Some("https://logs.example.com".into()),
                access_key_id: "AKIB".into(),
                secret_access_key: Secret("whisper".into()),
            },
            telemetry: TelemetryConfig {
                format: LogFormat::Json,
                level: "warn,cacheplane=debug".into(),
            },
        }
    );
}

#[test]
fn lists_are_repeated_flags_and_commas_and_arrays() {
    let (one, two) = ("redis:7.1=redis:7.2", "valkey:8.0=valkey/valkey:8.1");
    let both = serve(&["--image", one, "--image", two], &[]).images;
    assert_eq!(both.len(), 2);
    let variable = format!("{one}, {two},");
    assert_eq!(serve(&[], &[("CACHEPLANE_IMAGE", &variable)]).images, both);
    let file = file(&format!("image = ['{one}', '{two}']"));
    let path = file.path().to_str().unwrap();
    assert_eq!(serve(&["--config", path], &[]).images, both);
    // A list replaces the other places' lists.
    assert_eq!(
        serve(&["--config", path, "--image", one], &[]).images.len(),
        1
    );
    let twice = refusal(&["--image", one, "--image", "redis:7.1=redis:7.0"], &[]);
    assert!(twice.contains("second time"), "{twice}");
}

#[test]
fn a_switch_can_be_turned_off_again() {
    let on = [("CACHEPLANE_ALLOW_UNSIGNED_REQUESTS", "1")];
    let of = |arguments: &[&str], variables: &[(&str, &str)]| {
        serve(arguments, variables).http.allow_unsigned_requests
    };
    assert!(of(&["--allow-unsigned-requests"], &[]));
    assert!(of(&[], &on));
    assert!(!of(&["--allow-unsigned-requests=false"], &on));
    let file = file("allow-unsigned-requests = true");
    assert!(of(&["--config", file.path().to_str().unwrap()], &[]));
}

#[test]
fn variables_of_other_programs_are_respected() {
    let config = serve(
        &[],
        &[("RUST_LOG", "warn"), ("DOCKER_HOST", "unix:///run/d.sock")],
    );
    assert_eq!(config.telemetry.level, "warn");
    assert_eq!(
        config.runtime.docker_host.as_deref(),
        Some("unix:///run/d.sock")
    );
    let file = file("log-level = 'error'\ndocker-host = 'tcp://d:1'");
    let config = serve(
        &["--config", file.path().to_str().unwrap()],
        &[("RUST_LOG", "debug"), ("DOCKER_HOST", "unix:///run/d.sock")],
    );
    assert_eq!(config.telemetry.level, "debug");
    assert_eq!(config.runtime.docker_host.as_deref(), Some("tcp://d:1"));
    let ours = [("RUST_LOG", "debug"), ("CACHEPLANE_LOG_LEVEL", "trace")];
    assert_eq!(serve(&[], &ours).telemetry.level, "trace");
    // Nothing of ours: an orchestrator made it up for a service of our name.
    serve(&[], &[("CACHEPLANE_PORT", "tcp://10.0.0.1:80")]);
    // A variable that is empty is one that could not be taken away.
    assert_eq!(
        serve(&[], &[("CACHEPLANE_LISTEN", "")]).http.listen.port(),
        4570
    );
}

#[test]
fn other_machines_are_let_in_only_in_words() {
    for listen in ["0.0.0.0:4570", "192.168.1.1:4570", "[::]:4570"] {
        let message = refusal(&["--listen", listen], &[]);
        assert!(message.contains(listen), "{message}");
        assert!(message.contains("delete every cache"), "{message}");
        assert!(message.contains("--allow-unsigned-requests"), "{message}");
        serve(&["--listen", listen, "--allow-unsigned-requests"], &[]);
        // The doctor reports it with everything else.
        let doctor = read("doctor", &["--listen", listen], &[]);
        assert!(matches!(doctor, Ok(Command::Doctor(_))), "{doctor:?}");
    }
    for listen in [
        "127.0.0.1:0",
        "127.8.0.1:1",
        "[::1]:1",
        "[::ffff:127.0.0.1]:1",
        "localhost:1",
    ] {
        serve(&["--listen", listen], &[]);
    }
}

#[test]
fn a_refusal_names_setting_value_origin_and_cure() {
    assert_eq!(
        refusal(&[], &[("CACHEPLANE_LISTEN", "4570")]),
        "--listen: \"4570\" (the environment variable CACHEPLANE_LISTEN) is not an address and a port: write it like \
         127.0.0.1:4570 (or [::1]:4570)"
    );
    let flag = refusal(&["--runtime", "podman"], &[]);
    assert_eq!(
        flag,
        "--runtime: \"podman\" (a flag) is not known: write docker or simulated"
    );
    let file = file("port-range = '9-8'");
    let path = file.path().to_str().unwrap();
    assert_eq!(
        refusal(&["--config", path], &[]),
        format!("--port-range: \"9-8\" (in {path}) begins after its end: write 8-9")
    );
    let ambient = refusal(&[], &[("DOCKER_HOST", "ssh://host")]);
    assert!(
        ambient.contains("(the environment variable DOCKER_HOST)") && ambient.contains("ssh -NL"),
        "{ambient}"
    );
}

#[test]
fn values_that_cannot_be_are_refused() {
    let check = |name: &str, values: &[&str], problem: &str| {
        for value in values {
            let message = refusal(&[&format!("--{name}={value}")], &[]);
            assert!(
                message.starts_with(&format!("--{name}: ")) && message.contains(problem),
                "{message}"
            );
        }
    };
    check(
        "listen",
        &[
            "",
            "x",
            ":4570",
            "127.0.0.1",
            "localhost",
            "127.0.0.1:70000",
            "http://127.0.0.1:1",
        ],
        "like 127.0.0.1:4570",
    );
    check(
        "endpoints",
        &["", "Network", "host"],
        "network, published or auto",
    );
    check(
        "advertise-host",
        &[
            "",
            "http://a",
            "a:1",
            "a b",
            "-a",
            "a-",
            "a..b",
            "::1",
            &"a".repeat(64),
        ],
        "without a scheme or a port",
    );
    check(
        "port-range",
        &[
            "",
            "6379",
            "6379-",
            "-6379",
            "0-9",
            "1-65536",
            "1-2-3",
            "a-b",
            "6379:7378",
        ],
        "like 6379-7378",
    );
    check("port-range", &["7000-6999"], "write 6999-7000");
    check(
        "node-subnet",
        &["", "10.0.0.0", "10.0.0/16", "fd00::/64", "10.0.0.0/33"],
        "like 10.89.0.0/16",
    );
    check(
        "node-subnet",
        &["10.0.0.0/8", "10.0.0.0/15", "10.0.0.0/25"],
        "between /16 and /24",
    );
    check("node-subnet", &["10.1.2.3/16"], "write 10.1.0.0/16");
    check("subnet", &["subnet-1"], "like subnet-0a1=us-east-1b:vpc-2");
    check(
        "subnet",
        &["vpc-1=us-east-1a", "=us-east-1a"],
        "names no subnet",
    );
    check("subnet", &["subnet-1=", "subnet-1=here"], "like us-east-1b");
    check("subnet", &["subnet-1=us-east-1a:vpc"], "like vpc-0a1b2c3d");
    check(
        "node-subnet",
        &[
            "127.0.0.0/16",
            "224.0.0.0/16",
            "0.0.0.0/16",
            "169.254.0.0/16",
            "240.0.0.0/20",
        ],
        "private",
    );
    check(
        "docker-host",
        &[
            "",
            "/var/run/docker.sock",
            "ssh://h",
            "https://h:1",
            "npipe://x",
        ],
        "unix://PATH or tcp://",
    );
    check(
        "docker-host",
        &["unix://", "unix://var/run/docker.sock"],
        "three slashes",
    );
    check(
        "docker-host",
        &[
            "tcp://",
            "tcp://host",
            "tcp://:2375",
            "tcp://h:0",
            "tcp://h:1/v1",
        ],
        "host and port",
    );
    check("runtime", &["", "Docker"], "docker or simulated");
    check(
        "image",
        &["redis:7.1", "redis=redis:7.2", "", "redis:7.2-alpine", "=:"],
        "ENGINE:VERSION=REFERENCE",
    );
    check(
        "image",
        &["mysql:8=mysql:8", ":7.1=redis:7.2"],
        "names no engine",
    );
    check("image", &["redis:9.9=redis:9.9", "redis:=redis:7"], "7.1");
    check(
        "image",
        &[
            "redis:7.1=",
            "redis:7.1=a b",
            "redis:7.1=-x",
            "redis:7.1=a,b",
        ],
        "names no image",
    );
    check(
        "metrics-interval",
        &["", "0s", "2s", "1m"],
        "1s, 5s, 10s, 30s or 60s",
    );
    check("log-format", &["", "JSON"], "text or json");
    check(
        "log-level",
        &["", "inof", "info,debg", "cacheplane", "cacheplane=loud"],
        "warn,cacheplane=debug",
    );
    check(
        "allow-unsigned-requests",
        &["", "maybe"],
        "neither true nor false",
    );
    check("data-dir", &[""], "is empty");
    check("data-dir", &["~/data", "~"], "whole path");
    check("router-binary", &["~/router"], "whole path");
}

#[test]
fn values_that_can_be_are_taken() {
    let config = |name: &str, value: &str| serve(&[&format!("--{name}={value}")], &[]);
    assert_eq!(
        config("listen", "localhost:1").http.listen,
        "127.0.0.1:1".parse().unwrap()
    );
    assert_eq!(
        config("port-range", "7000-7000").endpoints.port_range,
        7000..=7000
    );
    assert_eq!(
        config("port-range", "1 - 65535").endpoints.port_range,
        1..=65535
    );
    assert_eq!(
        config("docker-host", "http://h:1/")
            .runtime
            .docker_host
            .as_deref(),
        Some("tcp://h:1")
    );
    for host in ["localhost", "192.168.1.10", "cache.example.com", "a-b"] {
        assert_eq!(
            config("advertise-host", host).endpoints.advertise_host,
            host
        );
    }
    for level in [
        "error",
        "TRACE",
        "off",
        "info,sqlx=warn",
        "cacheplane::reconcile=trace",
    ] {
        assert_eq!(config("log-level", level).telemetry.level, level);
    }
    for subnet in ["10.89.0.0/16", "192.168.0.0/20", "172.31.7.0/24"] {
        let chosen = config("node-subnet", subnet).endpoints.node_subnet;
        assert_eq!(chosen, Some(subnet.parse().unwrap()));
    }
}

#[test]
fn references_may_hold_colons_slashes_and_digests() {
    let digest = format!("redis@sha256:{}", "a".repeat(64));
    for reference in [
        "redis",
        "redis:7.2",
        "localhost:5000/a/redis:7.2-x",
        &digest,
    ] {
        let config = serve(&["--image", &format!("redis:7.1={reference}")], &[]);
        let named = ("redis".to_owned(), "7.1".to_owned());
        assert_eq!(
            config.images.get(&named).map(String::as_str),
            Some(reference)
        );
    }
    // Engines in any case, and versions as clusters report them: what is looked up later is one of each.
    let config = serve(&["--image", "Redis:6.2.6=redis:6.2"], &[]);
    let named: Vec<_> = config.images.into_keys().collect();
    assert_eq!(named, [("redis".to_owned(), "6.2".to_owned())]);
}

#[test]
fn a_file_is_refused_where_it_is_wrong() {
    let refused = |content: &str| {
        let file = file(content);
        refusal(&["--config", file.path().to_str().unwrap()], &[])
    };
    for (content, words) in [
        ("listn = '127.0.0.1:1'", "`listn`"),
        ("listn = '127.0.0.1:1'", "`listen`"),
        ("data_dir = '/data'", "`data_dir`"),
        ("config = '/other'", "`config`"),
        ("[http]\nlisten = '127.0.0.1:1'", "`http`"),
        ("listen = 4570", "line 1"),
        ("listen = ", "line 1"),
        ("allow-unsigned-requests = 3", "true or false"),
        ("image = 3", "list of texts"),
    ] {
        let message = refused(content);
        assert!(message.contains(words), "{content}: {message}");
        assert!(message.contains("(a flag)"), "{message}");
    }
    let absent = refusal(&[], &[("CACHEPLANE_CONFIG", "/nowhere/c.toml")]);
    assert!(
        absent.contains(
            "/nowhere/c.toml (the environment variable CACHEPLANE_CONFIG) cannot be read"
        ),
        "{absent}"
    );
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_named() {
    use std::os::unix::ffi::OsStringExt;
    let mut surroundings = surroundings(&[]);
    surroundings
        .variables
        .insert("CACHEPLANE_LISTEN".into(), OsString::from_vec(vec![0xff]));
    let error = read_from(["cacheplane", "serve"].map(OsString::from), &surroundings);
    assert!(
        error
            .expect_err("refused")
            .to_string()
            .contains("CACHEPLANE_LISTEN")
    );
}

#[test]
fn help_shows_every_default_and_fits_a_terminal() {
    let help = |arguments: &[&str]| match read_from(
        arguments.iter().map(OsString::from),
        &Surroundings::default(),
    ) {
        Err(ConfigError::Usage(usage)) => usage.to_string(),
        other => panic!("{other:?}"),
    };
    let serve = help(&["cacheplane", "serve", "--help"]);
    assert!(serve.lines().all(|line| line.len() <= 100), "{serve}");
    // Lines are broken anywhere, so words are compared.
    let words = serve.split_whitespace().collect::<Vec<_>>().join(" ");
    let defaults = serve_defaults();
    for default in &defaults {
        assert!(
            words.contains(&format!("[default: {default}]")),
            "{default}"
        );
    }
    for heading in [
        "API:",
        "Endpoints:",
        "Containers:",
        "State and log:",
        "Examples:",
    ] {
        assert!(serve.lines().any(|line| line == heading), "{heading}");
    }
    assert!(help(&["cacheplane", "--help"]).contains("doctor"));
    assert!(matches!(read("ca", &[], &[]), Ok(Command::Ca(_))));
    assert!(help(&["cacheplane", "--version"]).contains(env!("CARGO_PKG_VERSION")));
    assert!(help(&["cacheplane", "--listen", "127.0.0.1:1"]).contains("--listen"));
}

/// The defaults that the code has, as text.
fn serve_defaults() -> Vec<String> {
    let config = serve(&[], &[]);
    vec![
        config.http.listen.to_string(),
        config.endpoints.advertise_host,
        format!(
            "{}-{}",
            config.endpoints.port_range.start(),
            config.endpoints.port_range.end()
        ),
        "auto".to_owned(),
        "docker".to_owned(),
        "text".to_owned(),
    ]
}
