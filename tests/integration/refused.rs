//! Bad input gets AWS's own answer: `refused.txt`, a request a line, none of which changes anything.

use crate::harness::{Harness, Layout};

/// A request and its refusal.
pub struct Case {
    line: usize,
    /// The action.
    pub action: String,
    status: u16,
    code: String,
    members: String,
    text: String,
}

/// What stands for a beginning that many lines share.
const SHORT: [(&str, &str); 14] = [
    (
        "$log",
        "LogDeliveryConfigurations.LogDeliveryConfigurationRequest",
    ),
    ("$own7", "CacheParameterGroupName=own7"),
    ("$entry", "ParameterNameValues.ParameterNameValue"),
    (
        "$redis",
        "CacheClusterId=new&Engine=redis&CacheNodeType=cache.t3.micro",
    ),
    (
        "$memcached",
        "CacheClusterId=new&Engine=memcached&CacheNodeType=cache.t3.micro&NumCacheNodes=2",
    ),
    (
        "$group",
        "ReplicationGroupId=new&ReplicationGroupDescription=d&CacheNodeType=cache.t3.micro",
    ),
    (
        "$sharded",
        "ReplicationGroupId=new&ReplicationGroupDescription=d&CacheNodeType=cache.t3.micro&AutomaticFailoverEnabled=true",
    ),
    ("$shard", "NodeGroupConfiguration.NodeGroupConfiguration.1"),
    ("$second", "NodeGroupConfiguration.NodeGroupConfiguration.2"),
    (
        "$arn",
        "ResourceName=arn%3Aaws%3Aelasticache%3Aus-east-1%3A000000000000%3Acluster%3Ard",
    ),
    (
        "$subnets",
        "CacheSubnetGroupName=new&CacheSubnetGroupDescription=d&SubnetIds.SubnetIdentifier.1=subnet-1",
    ),
    (
        "$user",
        "UserId=new&UserName=new&Engine=redis&AccessString=on+~*+%2B@read&Passwords.member.1=a+password+of+a+test",
    ),
    ("$secret", "Passwords.member.1=a+password+of+a+test"),
    (
        "$zone",
        "PreferredAvailabilityZones.PreferredAvailabilityZone",
    ),
];

/// The lines of the file: action, status and code, members, and a part of the message, with `|` between.
pub fn cases() -> Vec<Case> {
    let lines = include_str!("refused.txt").lines().enumerate();
    lines
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|(index, line)| {
            let parts: Vec<&str> = line.splitn(4, '|').map(str::trim).collect();
            let [action, answer, members, text] = parts[..] else {
                panic!("refused.txt:{}: not four parts", index + 1)
            };
            let (status, code) = answer.split_once(' ').expect("status and code");
            let mut members = members.to_owned();
            for (short, long) in SHORT {
                members = members.replace(short, long);
            }
            // `{x*300}` is three hundred times x.
            while let Some((before, rest)) = members.split_once('{') {
                let (repeat, after) = rest.split_once('}').expect("closed");
                let (what, times) = repeat.split_once('*').expect("times");
                members = format!(
                    "{before}{}{after}",
                    what.repeat(times.parse().expect("a number"))
                );
            }
            Case {
                line: index + 1,
                action: action.to_owned(),
                status: status.parse().expect("a status"),
                code: code.to_owned(),
                members,
                text: text.to_owned(),
            }
        })
        .collect()
}

/// `rd` is Redis 7.1, `old` Redis 6.2, `mc` Memcached with three nodes in one zone, `spread` with two in two; `young` is being
/// created. `own` is Redis 6.2 with the parameter group `own6`; nobody uses `own7`, nor `clustered`, which turns cluster mode on.
/// Of the replication groups, `ants` has a replica, automatic failover and Multi-AZ, `pair` a replica only, `solo` none;
/// `brood` is being created. The subnet group `used` has subnets in two zones, and the replication group `inside` lies in both.
/// Users: `app` of Valkey, `ops` of Redis, and `own` of Redis, which is called `default`. The user group `apps` of Valkey has `app` and is
/// that of the replication group `shut`; `opses` of Redis has `own` and `ops`; `bare` of Valkey is of nobody.
async fn world() -> Harness {
    let harness = Harness::start_on(Layout {
        node_quota: 22,
        ..Layout::default()
    })
    .await;
    for (name, family) in [
        ("own7", "redis7"),
        ("own6", "redis6.x"),
        ("clustered", "redis7"),
    ] {
        harness.create_parameters(name, family).await.ok();
    }
    let cluster_mode = [("cluster-enabled", "yes")];
    harness
        .set_parameters("clustered", &cluster_mode)
        .await
        .ok();
    let own6 = [
        ("CacheParameterGroupName", "own6"),
        ("EngineVersion", "6.2"),
    ];
    harness.create_redis("own", &own6).await.ok();
    harness.create_redis("rd", &[]).await.ok();
    harness
        .create_redis("old", &[("EngineVersion", "6.2")])
        .await
        .ok();
    harness.create_memcached("mc", "3", &[]).await.ok();
    harness
        .create_memcached("spread", "2", &[("AZMode", "cross-az")])
        .await
        .ok();
    let both = [
        ("AutomaticFailoverEnabled", "true"),
        ("MultiAZEnabled", "true"),
    ];
    harness.create_group("ants", "2", &both).await.ok();
    harness.create_group("pair", "2", &[]).await.ok();
    harness.create_group("solo", "1", &[]).await.ok();
    let used = [
        ("CacheSubnetGroupName", "used"),
        ("CacheSubnetGroupDescription", "d"),
        ("SubnetIds.SubnetIdentifier.1", "subnet-1"),
        ("SubnetIds.SubnetIdentifier.2", "subnet-2"),
    ];
    harness.call("CreateCacheSubnetGroup", &used).await.ok();
    make_users(&harness).await;
    harness
        .create_group("inside", "2", &[("CacheSubnetGroupName", "used")])
        .await
        .ok();
    harness.settle().await;
    harness.create_redis("young", &[]).await.ok();
    harness.create_group("brood", "1", &[]).await.ok();
    harness
}

async fn make_users(harness: &Harness) {
    for (id, name, engine) in [
        ("app", "app", "valkey"),
        ("ops", "ops", "redis"),
        ("own", "default", "redis"),
    ] {
        let members = [
            ("UserId", id),
            ("UserName", name),
            ("Engine", engine),
            ("AccessString", "on ~* +@all"),
            ("Passwords.member.1", "a password of a test"),
        ];
        harness.call("CreateUser", &members).await.ok();
    }
    for (id, engine, users) in [
        ("apps", "valkey", vec!["app"]),
        ("opses", "redis", vec!["own", "ops"]),
        ("bare", "valkey", vec![]),
    ] {
        let mut members = vec![("UserGroupId", id), ("Engine", engine)];
        members.extend(
            ["UserIds.member.1", "UserIds.member.2"]
                .into_iter()
                .zip(users),
        );
        harness.call("CreateUserGroup", &members).await.ok();
    }
    let shut = [
        ("Engine", "valkey"),
        ("EngineVersion", "8.1"),
        ("TransitEncryptionEnabled", "true"),
        ("UserGroupIds.member.1", "apps"),
    ];
    harness.create_group("shut", "1", &shut).await.ok();
}

#[tokio::test]
async fn bad_input_gets_awss_answer_and_changes_nothing() {
    let harness = world().await;
    let whole = async || {
        let all = harness
            .call("DescribeCacheClusters", &[("ShowCacheNodeInfo", "true")])
            .await;
        let groups = harness.call("DescribeReplicationGroups", &[]).await;
        let subnets = harness.call("DescribeCacheSubnetGroups", &[]).await;
        let users = harness.call("DescribeUsers", &[]).await.outline()
            + &harness.call("DescribeUserGroups", &[]).await.outline();
        let events = harness.call("DescribeEvents", &[]).await;
        let parameters = harness.call("DescribeCacheParameterGroups", &[]).await;
        let own = [("CacheParameterGroupName", "own7")];
        let values = harness.call("DescribeCacheParameters", &own).await;
        let replies = [all, groups, subnets, events, parameters, values];
        replies.map(|reply| reply.outline()).concat() + &users
    };
    let before = whole().await;
    let cases = cases();
    assert!(cases.len() >= 400, "{}", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let body = format!("Action={}&Version=2015-02-02&{}", case.action, case.members);
        let reply = harness.post(&body, Some(("test", "us-east-1"))).await;
        let (code, text) = (
            reply.texts("Code").join(" "),
            reply.texts("Message").join(" "),
        );
        if reply.status != case.status || code != case.code || !text.contains(&case.text) {
            wrong.push(format!(
                "refused.txt:{}: {} {}\n    expected {} {} {}\n    answered {} {code} {text}",
                case.line,
                case.action,
                case.members,
                case.status,
                case.code,
                case.text,
                reply.status
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
    assert_eq!(whole().await, before);
    harness.settle().await;
    harness.finish().await;
}
