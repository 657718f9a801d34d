//! Service updates: published by an operator, applied by a customer or by themselves. The test's clock starts on a Wednesday at 12:00.

use std::time::Duration;

use crate::harness::{Harness, Reply};

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const ANTS: (&str, &str) = ("ReplicationGroupIds.member.1", "ants");
const NAMED: (&str, &str) = ("ServiceUpdateName", "patch-1");
const IMAGE: &str = "redis:7.0-patched";
const SEVEN: (&str, &str) = ("EngineVersion", "7.0");

/// Publishes an update called `patch-1` of these members.
async fn publish(harness: &Harness, members: &str) -> Reply {
    let body =
        format!(r#"{{"name": "patch-1", "engine": "redis", "severity": "important", {members}}}"#);
    harness.post_json("/admin/v1/service-updates", &body).await
}

async fn publish_image(harness: &Harness) {
    let images = format!(r#""images": {{"7.0": "{IMAGE}"}}"#);
    assert_eq!(publish(harness, &images).await.status, 201);
}

/// A harness whose host has the patched image, and a group of three.
async fn ants(more: &[(&str, &str)]) -> Harness {
    let harness = Harness::start().await;
    harness
        .host
        .set_images(&["redis:7.0", "redis:7.2", "memcached:1.6.22", IMAGE], &[]);
    let members = [&[SEVEN, ("AutomaticFailoverEnabled", "true")], more].concat();
    harness.group("ants", "3", &members).await;
    harness
}

async fn act(harness: &Harness, action: &str) -> Reply {
    harness.call(action, &[NAMED, ANTS]).await.ok()
}

async fn told(harness: &Harness) -> Reply {
    let nodes = ("ShowNodeLevelUpdateStatus", "true");
    let told = harness.call("DescribeUpdateActions", &[NAMED, nodes]).await;
    told.ok()
}

fn images(harness: &Harness) -> Vec<String> {
    let image = |id: &str| {
        let name = harness.container_name(id, "0001");
        harness.host.container_spec(&name).expect("be there").image
    };
    ["ants-001", "ants-002", "ants-003"].map(image).to_vec()
}

#[tokio::test]
async fn an_update_is_applied_to_a_group_member_by_member() {
    let harness = ants(&[]).await;
    assert_eq!(images(&harness), ["redis:7.0"; 3]);
    publish_image(&harness).await;
    let again = publish(&harness, r#""images": {"7.0": "other"}"#).await;
    assert_eq!(again.status, 409);
    let update = harness.call("DescribeServiceUpdates", &[]).await.ok();
    assert_eq!(update.text("ServiceUpdateStatus"), "available");
    assert_eq!(update.text("ServiceUpdateType"), "security-update");
    assert_eq!(update.text("EngineVersion"), "redis 7.0");
    let before = told(&harness).await;
    assert_eq!(before.text("UpdateActionStatus"), "not-applied");
    assert_eq!(before.text("NodesUpdated"), "0/3");
    assert_eq!(before.texts("NodeUpdateStatus"), ["not-applied"; 3]);
    harness.settle().await;
    assert_eq!(
        images(&harness),
        ["redis:7.0"; 3],
        "nobody has asked for it"
    );

    let applied = act(&harness, "BatchApplyUpdateAction").await;
    assert_eq!(applied.text("UpdateActionStatus"), "waiting-to-start");
    let twice = act(&harness, "BatchApplyUpdateAction").await;
    assert!(twice.has("UnprocessedUpdateAction"), "{}", twice.body);
    harness.reconcile().await;
    harness.settle().await;
    harness.reconcile().await;
    assert_eq!(images(&harness), [IMAGE; 3]);
    let done = told(&harness).await;
    assert_eq!(done.text("UpdateActionStatus"), "complete");
    assert_eq!(done.text("NodesUpdated"), "3/3");
    assert_eq!(done.text("SlaMet"), "yes");
    assert_eq!(done.texts("NodeUpdateInitiatedBy"), ["customer"; 3]);
    let history = harness.group_history("ants").await;
    let text = "Service update patch-1 has been applied".to_owned();
    assert!(history.contains(&text), "{history:?}");
    let handovers = history.iter().filter(|it| it.starts_with("Failover from"));
    assert_eq!(handovers.count(), 1, "{history:?}");
    // A new member has it; another engine version has not.
    let more = [("NewReplicaCount", "3"), ("ApplyImmediately", "true")];
    harness
        .on_group("IncreaseReplicaCount", "ants", &more)
        .await
        .ok();
    harness.settle().await;
    let name = harness.container_name("ants-004", "0001");
    let spec = harness.host.container_spec(&name).expect("be there");
    assert_eq!(spec.image, IMAGE);
    harness
        .modify_group_now("ants", &[("EngineVersion", "7.1")])
        .await
        .ok();
    harness.settle().await;
    assert_eq!(images(&harness), ["redis:7.2"; 3]);
    // Seven days later it is not told of any more.
    harness.advance(8 * DAY);
    assert!(!told(&harness).await.has("UpdateActionStatus"));
    harness.finish().await;
}

#[tokio::test]
async fn a_stop_leaves_the_members_whose_turn_has_not_come() {
    let harness = ants(&[]).await;
    publish_image(&harness).await;
    act(&harness, "BatchApplyUpdateAction").await;
    for _ in 0..20 {
        harness.reconcile_once().await;
        if told(&harness).await.text("UpdateActionStatus") == "in-progress" {
            break;
        }
    }
    let stopped = act(&harness, "BatchStopUpdateAction").await;
    assert_eq!(stopped.text("UpdateActionStatus"), "stopping");
    harness.reconcile().await;
    harness.settle().await;
    let told_of = told(&harness).await;
    assert_eq!(told_of.text("UpdateActionStatus"), "stopped");
    let patched = images(&harness).iter().filter(|it| *it == IMAGE).count();
    assert!((1..3).contains(&patched), "{:?}", images(&harness));
    assert_eq!(told_of.text("NodesUpdated"), format!("{patched}/3"));
    let nothing = act(&harness, "BatchStopUpdateAction").await;
    assert!(nothing.has("UnprocessedUpdateAction"));
    act(&harness, "BatchApplyUpdateAction").await;
    harness.reconcile().await;
    harness.settle().await;
    harness.reconcile().await;
    assert_eq!(told(&harness).await.text("UpdateActionStatus"), "complete");
    assert_eq!(images(&harness), [IMAGE; 3]);
    harness.finish().await;
}

#[tokio::test]
async fn what_is_overdue_comes_in_the_window_and_never_outside() {
    let harness = ants(&[("PreferredMaintenanceWindow", "wed:13:00-wed:14:00")]).await;
    let members = format!(
        r#""images": {{"7.0": "{IMAGE}"}}, "auto_update_after_recommended_apply_by": true"#
    );
    assert_eq!(publish(&harness, &members).await.status, 201);
    // Important: thirty days. The windows before that are let pass, and so is the time after it that is in none.
    let step = async |duration: Duration| {
        harness.advance(duration);
        harness.reconcile().await;
        harness.settle().await;
        harness.reconcile().await;
        images(&harness).iter().filter(|it| *it == IMAGE).count()
    };
    assert_eq!(step(HOUR + HOUR / 2).await, 0);
    for _ in 0..4 {
        assert_eq!(step(7 * DAY).await, 0, "it is not due");
    }
    assert_eq!(step(2 * DAY).await, 0, "no window is open");
    assert_eq!(told(&harness).await.text("UpdateActionStatus"), "scheduled");
    assert_eq!(step(5 * DAY).await, 3);
    harness.reconcile().await;
    let done = told(&harness).await;
    assert_eq!(done.text("UpdateActionStatus"), "complete");
    assert_eq!(done.text("SlaMet"), "no");
    assert_eq!(done.texts("NodeUpdateInitiatedBy"), ["system"; 3]);
    harness.finish().await;
}

#[tokio::test]
async fn minor_versions_come_to_those_that_take_them_in_their_window() {
    let harness = ants(&[
        ("PreferredMaintenanceWindow", "wed:13:00-wed:14:00"),
        ("AutoMinorVersionUpgrade", "true"),
    ])
    .await;
    harness
        .create_redis(
            "rd",
            &[
                SEVEN,
                ("AutoMinorVersionUpgrade", "false"),
                ("PreferredMaintenanceWindow", "wed:13:00-wed:14:00"),
            ],
        )
        .await
        .ok();
    harness.settle().await;
    assert_eq!(
        publish(&harness, r#""engine_version": "7.1""#).await.status,
        201
    );
    harness.advance(HOUR / 2);
    harness.reconcile().await;
    harness.settle().await;
    let version = async |id: &str| harness.describe(id).await.ok().text("EngineVersion");
    assert_eq!(version("ants-001").await, "7.0.7", "its window is shut");
    harness.advance(HOUR / 2);
    harness.reconcile().await;
    harness.settle().await;
    harness.reconcile().await;
    assert_eq!(version("ants-001").await, "7.1.0");
    assert_eq!(version("rd").await, "7.0.7", "it does not take them");
    // Who asks for it has it at once.
    let rd = ("CacheClusterIds.member.1", "rd");
    harness
        .call("BatchApplyUpdateAction", &[NAMED, rd])
        .await
        .ok();
    harness.reconcile().await;
    harness.settle().await;
    harness.reconcile().await;
    assert_eq!(version("rd").await, "7.1.0");
    let all = told(&harness).await;
    assert_eq!(all.texts("UpdateActionStatus"), ["complete"; 2]);
    harness.finish().await;
}

#[tokio::test]
async fn nodes_of_memcached_are_updated_one_after_the_other() {
    let harness = Harness::start().await;
    harness
        .host
        .set_images(&["memcached:1.6.22", "memcached:patched"], &[]);
    harness.memcached("mc", "3").await;
    let body = r#"{"name": "patch-1", "engine": "memcached", "severity": "low", "images": {"1.6.22": "memcached:patched"}}"#;
    let published = harness.post_json("/admin/v1/service-updates", body).await;
    assert_eq!(published.status, 201, "{}", published.body);
    let events = harness.events("mc").await;
    assert_eq!(
        events[0],
        "Service update is available for cache node 0003."
    );
    let mc = ("CacheClusterIds.member.1", "mc");
    harness
        .call("BatchApplyUpdateAction", &[NAMED, mc])
        .await
        .ok();
    let mut seen = Vec::new();
    for _ in 0..20 {
        harness.reconcile_once().await;
        let updated = told(&harness).await.text("NodesUpdated");
        if seen.last() != Some(&updated) {
            seen.push(updated);
        }
    }
    harness.settle().await;
    assert!(
        seen.ends_with(&["1/3".into(), "2/3".into(), "3/3".into()]),
        "{seen:?}"
    );
    assert!(seen.len() <= 4, "{seen:?}");
    let name = harness.container_name("mc", "0002");
    let spec = harness.host.container_spec(&name).expect("be there");
    assert_eq!(spec.image, "memcached:patched");
    harness.finish().await;
}

#[tokio::test]
async fn what_is_cancelled_or_has_no_image_touches_nothing() {
    let harness = ants(&[]).await;
    let missing = r#""images": {"7.0": "redis:nowhere"}"#;
    assert_eq!(publish(&harness, missing).await.status, 201);
    act(&harness, "BatchApplyUpdateAction").await;
    harness.reconcile().await;
    let history = harness.group_history("ants").await;
    let failed = "Failed to apply service update patch-1. The image redis:nowhere";
    assert!(
        history.iter().any(|it| it.starts_with(failed)),
        "{history:?}"
    );
    assert_eq!(images(&harness), ["redis:7.0"; 3]);
    let path = "/admin/v1/service-updates/patch-1/cancel";
    assert_eq!(harness.post_json(path, "").await.status, 204);
    act(&harness, "BatchStopUpdateAction").await;
    harness.reconcile().await;
    harness.settle().await;
    let update = harness.call("DescribeServiceUpdates", &[]).await.ok();
    assert_eq!(update.text("ServiceUpdateStatus"), "cancelled");
    let refused = act(&harness, "BatchApplyUpdateAction").await;
    assert!(refused.has("UnprocessedUpdateAction"), "{}", refused.body);
    assert_eq!(images(&harness), ["redis:7.0"; 3]);
    let status = harness.get("/admin/v1/status").await;
    assert!(status.body.contains(r#""id":"ants""#), "{}", status.body);
    harness.finish().await;
}

/// A file of the data directory, and what is wrong with it at each look.
struct UpdateFile {
    path: std::path::PathBuf,
    file: cacheplane::operator::ServiceUpdateFile,
}

impl UpdateFile {
    fn of(harness: &Harness) -> Self {
        let path = harness.directory().join("service-updates.json");
        let world = &harness.world;
        let file = cacheplane::operator::ServiceUpdateFile::new(
            path.clone(),
            world.datastore.clone(),
            world.clock.clone(),
            world.activators.clone(),
        );
        Self { path, file }
    }

    async fn says(&mut self, text: &str) -> Vec<String> {
        std::fs::write(&self.path, text).expect("write the file");
        self.file.look().await
    }
}

#[tokio::test]
async fn a_file_publishes_updates_and_takes_them_back() {
    let harness = ants(&[]).await;
    let mut file = UpdateFile::of(&harness);
    assert_eq!(file.file.look().await, [""; 0], "there need be none");
    std::os::unix::fs::symlink("/dev/zero", &file.path).expect("make a link");
    assert_eq!(file.file.look().await, ["it is no file"]);
    std::fs::remove_file(&file.path).expect("remove it");
    let one = format!(
        r#"{{"name": "patch-1", "engine": "redis", "severity": "important", "images": {{"7.0": "{IMAGE}"}}}}"#
    );
    assert_eq!(file.says(&format!("[{one}]")).await, [""; 0]);
    assert_eq!(told(&harness).await.text("NodesUpdated"), "0/3");
    act(&harness, "BatchApplyUpdateAction").await;
    harness.settle().await;
    assert_eq!(images(&harness), [IMAGE; 3]);
    // What is wrong is said once for each change, and what is right beside it is taken up.
    for (text, problem) in [
        ("[", "it is no list in JSON"),
        ("{}", "it is no list in JSON"),
        (r#"[{"name": "x"}]"#, "entry 1: missing field `engine`"),
        (
            r#"[{"name": "x", "engine": "redis", "severity": "low", "loud": 1}]"#,
            "unknown field `loud`",
        ),
        (
            r#"[{"name": "x", "engine": "redis", "severity": "dire", "engine_version": "7.0"}]"#,
            "entry 1: severity",
        ),
        (
            r#"[{"name": "none", "cancelled": true}]"#,
            "entry 1: there is no update",
        ),
        (r#"[{"cancelled": true}]"#, "entry 1: it has no name"),
        (
            r#"[{"name": "patch-1", "cancelled": "yes"}]"#,
            "entry 1: cancelled",
        ),
        (r#"["patch-1"]"#, "entry 1: invalid type"),
    ] {
        let problems = file.says(text).await;
        assert!(
            problems.len() == 1 && problems[0].contains(problem),
            "{text}: {problems:?}"
        );
        assert_eq!(file.file.look().await, [""; 0], "{text}");
    }
    let two = one.replace("patch-1", "patch-2");
    let problems = file
        .says(&format!(r#"[{{"name": 1}}, {one}, {two}]"#))
        .await;
    assert!(
        problems.len() == 1 && problems[0].starts_with("entry 1"),
        "{problems:?}"
    );
    let updates = harness.call("DescribeServiceUpdates", &[]).await.ok();
    assert_eq!(updates.texts("ServiceUpdateName"), ["patch-1", "patch-2"]);
    assert_eq!(
        file.says(r#"[{"name": "patch-2", "cancelled": true}]"#)
            .await,
        [""; 0]
    );
    let updates = harness.call("DescribeServiceUpdates", &[]).await.ok();
    assert_eq!(
        updates.texts("ServiceUpdateStatus"),
        ["available", "cancelled"]
    );
    harness.finish().await;
}
