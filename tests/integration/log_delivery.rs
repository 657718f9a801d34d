//! Logs of caches on the simulated host, whose processes write lines and note slow commands when a test says so.

mod crash;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use cacheplane::delivery::AwsEndpoint;
use cacheplane::reconcile::driver::{Outcome, Reconciler};
use cacheplane::reconcile::log::{LogDestination, Logs};
use cacheplane::runtime::simulated::{Operation, Verdict};
use serde_json::{Value, json};

use crate::harness::{Harness, Reply, START, with};

const SECOND: i64 = 1_000_000_000;

/// CloudWatch Logs, as far as lines are brought to it.
#[derive(Debug, Default)]
struct CloudWatchLogs {
    groups: Vec<String>,
    /// The messages of each stream, by `GROUP|STREAM`.
    streams: BTreeMap<String, Vec<String>>,
    is_away: bool,
    /// Lines that it takes without saying so.
    loses_answers: u32,
}

type Shared = Arc<Mutex<CloudWatchLogs>>;

async fn answer(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, String) {
    let mut logs = shared.lock().unwrap();
    let authorization = headers["authorization"].to_str().unwrap();
    assert!(authorization.contains("/us-east-1/logs/aws4_request"));
    assert_eq!(headers["content-type"], "application/x-amz-json-1.1");
    if logs.is_away {
        return (StatusCode::SERVICE_UNAVAILABLE, "away".to_owned());
    }
    let refused = |code: &str| (StatusCode::BAD_REQUEST, json!({"__type": code}).to_string());
    let body: Value = serde_json::from_str(&body).unwrap();
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    let (group, stream) = (text("logGroupName"), text("logStreamName"));
    if !logs.groups.contains(&group) {
        return refused("ResourceNotFoundException");
    }
    let key = format!("{group}|{stream}");
    match headers["x-amz-target"].to_str().unwrap() {
        "Logs_20140328.CreateLogStream" => match logs.streams.contains_key(&key) {
            true => refused("ResourceAlreadyExistsException"),
            false => {
                logs.streams.insert(key, Vec::new());
                (StatusCode::OK, String::new())
            }
        },
        "Logs_20140328.PutLogEvents" => {
            let events = body["logEvents"].as_array().unwrap();
            let times: Vec<i64> = events
                .iter()
                .map(|event| event["timestamp"].as_i64().unwrap())
                .collect();
            assert!(times.is_sorted(), "{times:?}");
            let Some(kept) = logs.streams.get_mut(&key) else {
                return refused("ResourceNotFoundException");
            };
            let message = |event: &Value| event["message"].as_str().unwrap().to_owned();
            kept.extend(events.iter().map(message));
            if logs.loses_answers > 0 {
                logs.loses_answers -= 1;
                return (StatusCode::GATEWAY_TIMEOUT, String::new());
            }
            (StatusCode::OK, "{}".to_owned())
        }
        other => panic!("{other}"),
    }
}

/// Where logs go, and the reconciler that brings them there.
struct Setting {
    harness: Harness,
    logs: Arc<Logs>,
    shared: Shared,
}

/// One request's worth of LogDeliveryConfigurations, numbered.
fn configuration(number: u32, members: &[(&str, &str)]) -> Vec<(String, String)> {
    let prefix = format!("LogDeliveryConfigurations.LogDeliveryConfigurationRequest.{number}");
    members
        .iter()
        .map(|(name, value)| (format!("{prefix}.{name}"), (*value).to_owned()))
        .collect()
}

fn to_group(number: u32, log_type: &str, group: &str, format: &str) -> Vec<(String, String)> {
    configuration(
        number,
        &[
            ("LogType", log_type),
            ("DestinationType", "cloudwatch-logs"),
            ("DestinationDetails.CloudWatchLogsDetails.LogGroup", group),
            ("LogFormat", format),
        ],
    )
}

fn borrowed(members: &[(String, String)]) -> Vec<(&str, &str)> {
    members
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect()
}

impl Setting {
    async fn with_cloudwatch(groups: &[&str]) -> Self {
        let shared: Shared = Arc::default();
        shared.lock().unwrap().groups = groups.iter().map(|it| (*it).to_owned()).collect();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let app = Router::new()
            .route("/", post(answer))
            .with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, app).await });
        let destination = LogDestination::CloudWatchLogs(AwsEndpoint {
            url: url.parse().unwrap(),
            access_key_id: "test".to_owned(),
            secret_access_key: "test".to_owned(),
        });
        let harness = Harness::start().await;
        let logs = Logs::new(harness.world.clone(), destination).unwrap();
        Self {
            harness,
            logs,
            shared,
        }
    }

    async fn with_files() -> (Self, PathBuf) {
        let harness = Harness::start().await;
        let root = harness.directory().join("logs");
        let logs = Logs::new(harness.world.clone(), LogDestination::Files(root.clone())).unwrap();
        let shared = Shared::default();
        let setting = Self {
            harness,
            logs,
            shared,
        };
        (setting, root)
    }

    /// One look at all deliveries.
    async fn deliver(&self) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for (key, _) in self.logs.list().await.unwrap() {
            outcomes.push(self.logs.reconcile(key).await.unwrap());
        }
        outcomes
    }

    fn lines(&self, stream: &str) -> Vec<String> {
        let logs = self.shared.lock().unwrap();
        logs.streams.get(stream).cloned().unwrap_or_default()
    }

    fn json(&self, stream: &str) -> Vec<Value> {
        let lines = self.lines(stream);
        lines
            .iter()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Commands that took a node long, each a second later than the one before, from the present on.
    fn run_slowly(&self, cluster: &str, keys: &[&str]) {
        let container = self.harness.container_name(cluster, "0001");
        for key in keys {
            let now = self.harness.world.clock.now().as_millis() / 1000;
            self.harness.host.run_slowly(&container, now, &["GET", key]);
            self.harness.advance(Duration::from_secs(1));
        }
    }

    fn write_line(&self, cluster: &str, text: &str) {
        let container = self.harness.container_name(cluster, "0001");
        let now = self.harness.world.clock.now().as_millis() * 1_000_000;
        self.harness.host.write_line(&container, now, text);
        self.harness.advance(Duration::from_secs(1));
    }

    async fn statuses(&self, id: &str) -> Vec<String> {
        statuses(&self.harness.describe(id).await.ok())
    }
}

/// The statuses of deliveries; that of the security group stands before them.
fn statuses(reply: &Reply) -> Vec<String> {
    reply.texts("Status").split_off(1)
}

fn names(reply: &Reply) -> Vec<String> {
    reply.texts("LogGroup")
}

const SLOW: &str = "mine|elasticache/redis/rd/0001/slow-log";
const ENGINE: &str = "mine|elasticache/redis/rd/0001/engine-log";

#[tokio::test]
async fn both_logs_go_to_their_group() {
    let setting = Setting::with_cloudwatch(&["mine"]).await;
    let harness = &setting.harness;
    let both = [
        to_group(1, "slow-log", "mine", "json"),
        to_group(2, "engine-log", "mine", "text"),
    ]
    .concat();
    let reply = harness.create_redis("rd", &borrowed(&both)).await.ok();
    assert_eq!(statuses(&reply), ["enabling", "enabling"]);
    // Under both names that SDKs read, besides what is told of the cache itself.
    assert!(reply.has("PendingModifiedValues"));
    assert!(names(&reply).iter().all(|group| group == "mine"));
    harness.settle().await;
    assert_eq!(harness.status("rd").await, "available");
    setting.deliver().await;
    let told = harness.describe("rd").await.ok();
    assert_eq!(statuses(&told), ["active", "active"]);
    assert_eq!(told.texts("LogType"), ["slow-log", "engine-log"]);
    assert_eq!(told.texts("LogFormat"), ["json", "text"]);
    assert_eq!(told.texts("ReplicationGroupLogDeliveryEnabled"), ["false"]);

    setting.run_slowly("rd", &["a", "b"]);
    setting.write_line(
        "rd",
        "1:M 04 Mar 2026 12:00:02.000 * Ready to accept connections",
    );
    setting.write_line("rd", "");
    // A node's front writes there, too.
    setting.write_line(
        "rd",
        r#"{"timestamp":"2026-03-04T12:00:03Z","level":"INFO","message":"a front is ready","target":"cacheplane_router::front"}"#,
    );
    setting.write_line("rd", "=== REPORT ===");
    assert_eq!(setting.deliver().await, [Outcome::Settled; 2]);
    let told = setting.json(SLOW);
    assert_eq!(told.len(), 2);
    assert_eq!(told[0]["CacheClusterId"], "rd");
    assert_eq!(told[0]["Id"], 0);
    assert_eq!(told[0]["Command"], "GET ... (1 more arguments)");
    assert_eq!(told[0]["Timestamp"], START.as_millis() / 1000);
    assert_eq!(
        setting.lines(ENGINE),
        [
            "rd/0001:M 04 Mar 2026 12:00:02.000 UTC * Ready to accept connections",
            "rd/0001:M 04 Mar 2026 12:00:02.000 UTC * === REPORT ===",
        ]
    );
    // What was delivered does not come again, and what is new does.
    setting.deliver().await;
    setting.run_slowly("rd", &["c"]);
    setting.deliver().await;
    let ids: Vec<i64> = setting
        .json(SLOW)
        .iter()
        .map(|it| it["Id"].as_i64().unwrap())
        .collect();
    assert_eq!(ids, [0, 1, 2]);
    assert_eq!(setting.lines(ENGINE).len(), 2);
    setting.harness.finish().await;
}

#[tokio::test]
async fn what_was_logged_before_it_was_asked_for_stays_where_it_is() {
    let setting = Setting::with_cloudwatch(&["mine"]).await;
    let harness = &setting.harness;
    harness.redis("rd").await;
    setting.run_slowly("rd", &["early"]);
    setting.write_line("rd", "1:M 04 Mar 2026 12:00:02.000 * Early");
    let both = [
        to_group(1, "slow-log", "mine", "text"),
        to_group(2, "engine-log", "mine", "text"),
    ]
    .concat();
    harness.modify_now("rd", &borrowed(&both)).await.ok();
    assert_eq!(harness.status("rd").await, "available");
    setting.run_slowly("rd", &["late"]);
    setting.write_line("rd", "1:M 04 Mar 2026 12:00:04.000 # Late");
    setting.deliver().await;
    let [slow] = &setting.lines(SLOW)[..] else {
        panic!("{:?}", setting.lines(SLOW));
    };
    let seconds = START.as_millis() / 1000 + 2;
    assert_eq!(
        *slow,
        format!("rd,0001,{seconds},20000,GET ... (1 more arguments),192.0.2.1:1000,simulated")
    );
    assert_eq!(
        setting.lines(ENGINE),
        ["rd/0001:M 04 Mar 2026 12:00:04.000 UTC # Late"]
    );
    setting.harness.finish().await;
}

#[tokio::test]
async fn a_group_that_is_not_there_is_told_of_until_it_is() {
    let setting = Setting::with_cloudwatch(&[]).await;
    let harness = &setting.harness;
    let slow = to_group(1, "slow-log", "mine", "json");
    harness.create_redis("rd", &borrowed(&slow)).await.ok();
    harness.settle().await;
    setting.run_slowly("rd", &["a"]);
    assert_eq!(setting.deliver().await, [Outcome::Blocked]);
    let told = harness.describe("rd").await.ok();
    assert_eq!(statuses(&told), ["error"]);
    let message = told.text("Message");
    assert!(
        message.contains("mine") && message.contains("ResourceNotFound"),
        "{message}"
    );
    assert_eq!(harness.status("rd").await, "available");
    setting.shared.lock().unwrap().groups = vec!["mine".to_owned()];
    setting.deliver().await;
    assert_eq!(setting.statuses("rd").await, ["active"]);
    assert_eq!(setting.lines(SLOW).len(), 1, "nothing was lost meanwhile");
    setting.harness.finish().await;
}

#[tokio::test]
async fn a_destination_that_is_away_loses_nothing() {
    let setting = Setting::with_cloudwatch(&["mine"]).await;
    let harness = &setting.harness;
    let slow = to_group(1, "slow-log", "mine", "json");
    harness.create_redis("rd", &borrowed(&slow)).await.ok();
    harness.settle().await;
    setting.deliver().await;
    setting.shared.lock().unwrap().is_away = true;
    setting.run_slowly("rd", &["a", "b"]);
    assert_eq!(setting.deliver().await, [Outcome::Blocked]);
    assert_eq!(setting.statuses("rd").await, ["error"]);
    setting.shared.lock().unwrap().is_away = false;
    // Its stream was deleted meanwhile.
    setting.shared.lock().unwrap().streams.clear();
    setting.run_slowly("rd", &["c"]);
    assert_eq!(setting.deliver().await, [Outcome::Settled]);
    assert_eq!(setting.statuses("rd").await, ["active"]);
    assert_eq!(setting.lines(SLOW).len(), 3);
    // Lines that it took without an answer come once more, and no more often.
    setting.shared.lock().unwrap().loses_answers = 1;
    setting.run_slowly("rd", &["d"]);
    setting.deliver().await;
    setting.deliver().await;
    setting.deliver().await;
    assert_eq!(setting.lines(SLOW).len(), 5);
    setting.harness.finish().await;
}

#[tokio::test]
async fn a_node_that_begins_anew_counts_anew() {
    let setting = Setting::with_cloudwatch(&["mine"]).await;
    let harness = &setting.harness;
    let slow = to_group(1, "slow-log", "mine", "json");
    harness.create_redis("rd", &borrowed(&slow)).await.ok();
    harness.settle().await;
    setting.run_slowly("rd", &["a", "b"]);
    setting.deliver().await;
    let node = [
        ("CacheClusterId", "rd"),
        ("CacheNodeIdsToReboot.CacheNodeId.1", "0001"),
    ];
    harness.call("RebootCacheCluster", &node).await.ok();
    harness.settle().await;
    setting.run_slowly("rd", &["c"]);
    setting.deliver().await;
    setting.deliver().await;
    let ids: Vec<i64> = setting
        .json(SLOW)
        .iter()
        .map(|it| it["Id"].as_i64().unwrap())
        .collect();
    assert_eq!(ids, [0, 1, 0]);
    setting.harness.finish().await;
}

#[tokio::test]
async fn a_node_that_does_not_answer_holds_up_no_other() {
    let setting = Setting::with_cloudwatch(&["mine"]).await;
    let harness = &setting.harness;
    let slow = to_group(1, "slow-log", "mine", "json");
    harness.group("ants", "3", &borrowed(&slow)).await;
    setting.deliver().await;
    for member in ["ants-001", "ants-002", "ants-003"] {
        setting.run_slowly(member, &["a"]);
    }
    let silent = harness.container("ants-002", "0001");
    let network = &harness.world.ground.node_network.name;
    let silent = format!("{}:6379", silent.addresses[network]);
    harness.host.set_hook(Some(Box::new(move |call| {
        match call.operation == Operation::NodeSlowLog && call.target.contains(&silent) {
            true => Verdict::HangBefore,
            false => Verdict::Proceed,
        }
    })));
    let stream = |member: &str| format!("mine|elasticache/redis/{member}/0001/slow-log");
    tokio::time::timeout(Duration::from_secs(20), setting.deliver())
        .await
        .unwrap();
    assert_eq!(setting.lines(&stream("ants-001")).len(), 1);
    assert_eq!(setting.lines(&stream("ants-002")).len(), 0);
    assert_eq!(setting.lines(&stream("ants-003")).len(), 1);
    harness.host.set_hook(None);
    setting.deliver().await;
    assert_eq!(setting.lines(&stream("ants-002")).len(), 1);
    setting.harness.finish().await;
}

#[tokio::test]
async fn a_group_says_it_for_its_members() {
    let setting = Setting::with_cloudwatch(&["mine", "other"]).await;
    let harness = &setting.harness;
    let slow = to_group(1, "slow-log", "mine", "json");
    harness.group("ants", "2", &borrowed(&slow)).await;
    setting.deliver().await;
    let group = [("ReplicationGroupId", "ants")];
    let told = harness.call("DescribeReplicationGroups", &group).await.ok();
    assert_eq!(told.texts("LogGroup"), ["mine"]);
    let member = harness.describe("ants-001").await.ok();
    assert_eq!(member.text("ReplicationGroupLogDeliveryEnabled"), "true");
    assert_eq!(member.texts("LogGroup"), [""; 0]);
    // Another destination goes on where the first was.
    setting.run_slowly("ants-001", &["a"]);
    setting.deliver().await;
    let other = [
        to_group(1, "slow-log", "other", "text"),
        vec![("ApplyImmediately".to_owned(), "true".to_owned())],
    ]
    .concat();
    let changed = with(&group, &borrowed(&other));
    let reply = harness.call("ModifyReplicationGroup", &changed).await.ok();
    assert_eq!(reply.texts("Status")[0], "modifying");
    // What waits stands under both names that SDKs read; what is in effect is told beside it.
    let groups = reply.texts("LogGroup");
    assert!(groups.contains(&"mine".to_owned()) && groups.contains(&"other".to_owned()));
    setting.run_slowly("ants-001", &["b"]);
    setting.deliver().await;
    let told = harness.call("DescribeReplicationGroups", &group).await.ok();
    assert_eq!(told.texts("LogGroup"), ["other"]);
    let stream =
        |group: &str| setting.lines(&format!("{group}|elasticache/redis/ants-001/0001/slow-log"));
    assert_eq!((stream("mine").len(), stream("other").len()), (1, 1));
    // A new replica has a stream of its own.
    let more = [
        ("ReplicationGroupId", "ants"),
        ("NewReplicaCount", "2"),
        ("ApplyImmediately", "true"),
    ];
    harness.call("IncreaseReplicaCount", &more).await.ok();
    harness.settle().await;
    setting.run_slowly("ants-003", &["a"]);
    setting.deliver().await;
    assert_eq!(
        setting
            .lines("other|elasticache/redis/ants-003/0001/slow-log")
            .len(),
        1
    );
    setting.harness.finish().await;
}

#[tokio::test]
async fn one_that_ends_leaves_nothing() {
    let setting = Setting::with_cloudwatch(&["mine"]).await;
    let harness = &setting.harness;
    let slow = to_group(1, "slow-log", "mine", "json");
    harness.create_redis("rd", &borrowed(&slow)).await.ok();
    harness.settle().await;
    setting.run_slowly("rd", &["a"]);
    setting.deliver().await;
    let end = configuration(1, &[("LogType", "slow-log"), ("Enabled", "false")]);
    let reply = harness.modify_now("rd", &borrowed(&end)).await.ok();
    assert_eq!(reply.text("CacheClusterStatus"), "modifying");
    assert_eq!(statuses(&reply), ["disabling"]);
    setting.deliver().await;
    let told = harness.describe("rd").await.ok();
    assert_eq!(
        (told.texts("LogType"), told.text("CacheClusterStatus")),
        (vec![], "available".to_owned())
    );
    // Asked for again, it begins then.
    setting.run_slowly("rd", &["between"]);
    harness.modify_now("rd", &borrowed(&slow)).await.ok();
    setting.run_slowly("rd", &["after"]);
    setting.deliver().await;
    assert_eq!(setting.lines(SLOW).len(), 2);
    harness.delete("rd").await.ok();
    harness.settle().await;
    assert_eq!(setting.logs.list().await.unwrap(), []);
    setting.harness.finish().await;
}

#[tokio::test]
async fn a_cache_cluster_that_becomes_a_member_takes_its_logs_along() {
    let setting = Setting::with_cloudwatch(&["mine"]).await;
    let harness = &setting.harness;
    let slow = to_group(1, "slow-log", "mine", "json");
    harness.create_redis("rd", &borrowed(&slow)).await.ok();
    harness.settle().await;
    setting.run_slowly("rd", &["a"]);
    setting.deliver().await;
    let members = [
        ("ReplicationGroupId", "ants"),
        ("ReplicationGroupDescription", "d"),
        ("PrimaryClusterId", "rd"),
    ];
    harness.call("CreateReplicationGroup", &members).await.ok();
    setting.deliver().await;
    harness.settle().await;
    setting.deliver().await;
    assert_eq!(setting.logs.list().await.unwrap().len(), 1);
    let group = [("ReplicationGroupId", "ants")];
    let told = harness.call("DescribeReplicationGroups", &group).await.ok();
    assert_eq!(told.texts("LogGroup"), ["mine"]);
    setting.run_slowly("rd", &["b"]);
    setting.deliver().await;
    assert_eq!(setting.lines(SLOW).len(), 2);
    setting.harness.finish().await;
}

#[tokio::test]
async fn without_an_endpoint_they_are_files() {
    let (setting, root) = Setting::with_files().await;
    let harness = &setting.harness;
    let both = [
        to_group(1, "slow-log", "/mine/x", "json"),
        to_group(2, "engine-log", "/mine/x", "text"),
    ]
    .concat();
    harness.create_redis("rd", &borrowed(&both)).await.ok();
    harness.settle().await;
    let container = harness.container_name("rd", "0001");
    let start = START.as_millis() * 1_000_000;
    for number in 0..2_500 {
        let text = format!("1:M 04 Mar 2026 12:00:00.000 - {number}");
        harness
            .host
            .write_line(&container, start + SECOND + number, &text);
    }
    setting.run_slowly("rd", &["a"]);
    // So many at once, and what is left soon after.
    let first = setting.deliver().await;
    assert!(
        first.contains(&Outcome::LookAgain { progressed: true }),
        "{first:?}"
    );
    setting.deliver().await;
    assert_eq!(setting.deliver().await, [Outcome::Settled; 2]);
    let below = root.join("000000000000/us-east-1/%2Fmine%2Fx/elasticache/redis/rd/0001");
    let engine = std::fs::read_to_string(below.join("engine-log.log")).unwrap();
    let numbers: Vec<&str> = engine
        .lines()
        .filter_map(|line| line.rsplit(' ').next())
        .collect();
    let expected: Vec<String> = (0..2_500).map(|number| number.to_string()).collect();
    assert_eq!(numbers, expected);
    let slow = std::fs::read_to_string(below.join("slow-log.log")).unwrap();
    assert_eq!(slow.lines().count(), 1);
    // A disk that takes nothing is told of.
    std::fs::remove_dir_all(&root).unwrap();
    std::fs::write(&root, b"a file").unwrap();
    setting.run_slowly("rd", &["b"]);
    setting.deliver().await;
    assert_eq!(setting.statuses("rd").await, ["error", "active"]);
    std::fs::remove_file(&root).unwrap();
    setting.deliver().await;
    assert_eq!(setting.statuses("rd").await, ["active", "active"]);
    setting.harness.finish().await;
}
