//! Every operation that is written is called once with success and refused at least once; the others stand in a list that may
//! only shrink.

use cacheplane_api::Operation;

use crate::harness::Harness;
use crate::refused;

/// Operations that are not written yet. This list may only shrink: whoever writes one takes it out, adds a line to
/// [`SUCCESSES`], and lowers the number.
pub const UNWRITTEN: [&str; 26] = [
    "CompleteMigration",
    "CopyServerlessCacheSnapshot",
    "CreateGlobalReplicationGroup",
    "CreateServerlessCache",
    "CreateServerlessCacheSnapshot",
    "DecreaseNodeGroupsInGlobalReplicationGroup",
    "DeleteGlobalReplicationGroup",
    "DeleteServerlessCache",
    "DeleteServerlessCacheSnapshot",
    "DescribeGlobalReplicationGroups",
    "DescribeReservedCacheNodes",
    "DescribeReservedCacheNodesOfferings",
    "DescribeServerlessCacheSnapshots",
    "DescribeServerlessCaches",
    "DisassociateGlobalReplicationGroup",
    "ExportServerlessCacheSnapshot",
    "FailoverGlobalReplicationGroup",
    "IncreaseNodeGroupsInGlobalReplicationGroup",
    "ModifyGlobalReplicationGroup",
    "ModifyServerlessCache",
    "PrepareMigration",
    "PurchaseReservedCacheNodesOffering",
    "RebalanceSlotsInGlobalReplicationGroup",
    "StartMigration",
    "StopMigration",
    "TestMigration",
];

type Members = &'static [(&'static str, &'static str)];

const ARN: (&str, &str) = (
    "ResourceName",
    "arn:aws:elasticache:us-east-1:000000000000:cluster:c",
);
const ID: (&str, &str) = ("CacheClusterId", "c");
const AT_ONCE: (&str, &str) = ("ApplyImmediately", "true");
const GROUP: (&str, &str) = ("ReplicationGroupId", "g");
const USER: (&str, &str) = ("UserId", "u");
const USERS: (&str, &str) = ("UserGroupId", "g");
const SUBNETS: (&str, &str) = ("CacheSubnetGroupName", "s");
const PARAMETERS: (&str, &str) = ("CacheParameterGroupName", "p");
const FAMILY: (&str, &str) = ("CacheParameterGroupFamily", "redis7");
const TIMEOUT: (&str, &str) = (
    "ParameterNameValues.ParameterNameValue.1.ParameterName",
    "timeout",
);

/// Written, and refused to every group that the simulation can make: its nodes form no cluster. tests/sdk/test_cluster_mode.py has them
/// succeed on real engines.
pub const NEED_A_CLUSTER: [&str; 3] = [
    "BatchApplyUpdateAction",
    "BatchStopUpdateAction",
    "ModifyReplicationGroupShardConfiguration",
];

/// In this order, each of these succeeds on an empty server; an element that the answer has.
const SUCCESSES: [(&str, Members, &str); 44] = [
    (
        "CreateCacheCluster",
        &[ID, ("Engine", "redis"), ("CacheNodeType", "cache.t3.micro")],
        "CreateCacheClusterResult",
    ),
    ("DescribeCacheClusters", &[ID], "CacheClusters"),
    ("DescribeCacheEngineVersions", &[], "CacheEngineVersions"),
    ("DescribeEvents", &[], "Events"),
    ("DescribeServiceUpdates", &[], "ServiceUpdates"),
    ("DescribeUpdateActions", &[], "UpdateActions"),
    (
        "AddTagsToResource",
        &[ARN, ("Tags.Tag.1.Key", "k")],
        "TagList",
    ),
    (
        "ListAllowedNodeTypeModifications",
        &[ID],
        "ScaleUpModifications",
    ),
    ("ListTagsForResource", &[ARN], "TagList"),
    (
        "RemoveTagsFromResource",
        &[ARN, ("TagKeys.member.1", "k")],
        "TagList",
    ),
    (
        "ModifyCacheCluster",
        &[ID, ("AutoMinorVersionUpgrade", "false")],
        "ModifyCacheClusterResult",
    ),
    (
        "RebootCacheCluster",
        &[ID, ("CacheNodeIdsToReboot.CacheNodeId.1", "0001")],
        "RebootCacheClusterResult",
    ),
    (
        "CreateSnapshot",
        &[ID, ("SnapshotName", "s")],
        "CreateSnapshotResult",
    ),
    ("DescribeSnapshots", &[("SnapshotName", "s")], "Snapshots"),
    (
        "CopySnapshot",
        &[("SourceSnapshotName", "s"), ("TargetSnapshotName", "t")],
        "CopySnapshotResult",
    ),
    (
        "DeleteSnapshot",
        &[("SnapshotName", "s")],
        "DeleteSnapshotResult",
    ),
    ("DeleteCacheCluster", &[ID], "DeleteCacheClusterResult"),
    (
        "CreateReplicationGroup",
        &[
            GROUP,
            ("ReplicationGroupDescription", "g"),
            ("CacheNodeType", "cache.t3.micro"),
            ("NumCacheClusters", "2"),
        ],
        "CreateReplicationGroupResult",
    ),
    ("DescribeReplicationGroups", &[GROUP], "ReplicationGroups"),
    (
        "IncreaseReplicaCount",
        &[GROUP, ("NewReplicaCount", "2"), AT_ONCE],
        "IncreaseReplicaCountResult",
    ),
    (
        "DecreaseReplicaCount",
        &[GROUP, ("NewReplicaCount", "1"), AT_ONCE],
        "DecreaseReplicaCountResult",
    ),
    (
        "ModifyReplicationGroup",
        &[GROUP, ("AutomaticFailoverEnabled", "true")],
        "ModifyReplicationGroupResult",
    ),
    (
        "TestFailover",
        &[GROUP, ("NodeGroupId", "0001")],
        "TestFailoverResult",
    ),
    (
        "CreateCacheParameterGroup",
        &[PARAMETERS, FAMILY, ("Description", "p")],
        "CreateCacheParameterGroupResult",
    ),
    (
        "ModifyCacheParameterGroup",
        &[
            PARAMETERS,
            TIMEOUT,
            (
                "ParameterNameValues.ParameterNameValue.1.ParameterValue",
                "20",
            ),
        ],
        "ModifyCacheParameterGroupResult",
    ),
    (
        "ResetCacheParameterGroup",
        &[PARAMETERS, TIMEOUT],
        "ResetCacheParameterGroupResult",
    ),
    ("DescribeCacheParameterGroups", &[], "CacheParameterGroups"),
    ("DescribeCacheParameters", &[PARAMETERS], "Parameters"),
    (
        "DescribeEngineDefaultParameters",
        &[FAMILY],
        "EngineDefaults",
    ),
    (
        "DeleteCacheParameterGroup",
        &[PARAMETERS],
        "DeleteCacheParameterGroupResponse",
    ),
    (
        "DeleteReplicationGroup",
        &[GROUP],
        "DeleteReplicationGroupResult",
    ),
    (
        "CreateCacheSubnetGroup",
        &[
            SUBNETS,
            ("CacheSubnetGroupDescription", "s"),
            ("SubnetIds.SubnetIdentifier.1", "subnet-1"),
        ],
        "CacheSubnetGroup",
    ),
    ("DescribeCacheSubnetGroups", &[SUBNETS], "CacheSubnetGroups"),
    (
        "ModifyCacheSubnetGroup",
        &[SUBNETS, ("CacheSubnetGroupDescription", "t")],
        "CacheSubnetGroup",
    ),
    ("DeleteCacheSubnetGroup", &[SUBNETS], "ResponseMetadata"),
    ("DescribeCacheSecurityGroups", &[], "CacheSecurityGroups"),
    (
        "CreateUser",
        &[
            USER,
            ("UserName", "u"),
            ("Engine", "valkey"),
            ("AccessString", "on ~* +@read"),
            ("Passwords.member.1", "a password of a test"),
        ],
        "CreateUserResult",
    ),
    ("DescribeUsers", &[USER], "Users"),
    (
        "ModifyUser",
        &[USER, ("AccessString", "on ~* +@all")],
        "ModifyUserResult",
    ),
    (
        "CreateUserGroup",
        &[USERS, ("Engine", "valkey"), ("UserIds.member.1", "u")],
        "CreateUserGroupResult",
    ),
    ("DescribeUserGroups", &[USERS], "UserGroups"),
    (
        "ModifyUserGroup",
        &[USERS, ("UserIdsToRemove.member.1", "u")],
        "ModifyUserGroupResult",
    ),
    ("DeleteUserGroup", &[USERS], "DeleteUserGroupResult"),
    ("DeleteUser", &[USER], "DeleteUserResult"),
];

/// Those that AWS grants to nobody any more: `refused.txt` says how.
const NEVER_GRANTED: [&str; 4] = [
    "AuthorizeCacheSecurityGroupIngress",
    "CreateCacheSecurityGroup",
    "DeleteCacheSecurityGroup",
    "RevokeCacheSecurityGroupIngress",
];

#[test]
fn every_operation_is_listed_once() {
    let mut listed: Vec<&str> = UNWRITTEN
        .into_iter()
        .chain(NEVER_GRANTED)
        .chain(SUCCESSES.map(|row| row.0))
        .chain(NEED_A_CLUSTER)
        .collect();
    listed.sort_unstable();
    let mut all: Vec<&str> = Operation::ALL
        .iter()
        .map(|operation| operation.name())
        .collect();
    all.sort_unstable();
    assert_eq!(listed, all);
}

#[tokio::test]
async fn every_written_operation_succeeds() {
    let harness = Harness::start().await;
    for (action, members, element) in SUCCESSES {
        let reply = harness.call(action, members).await.ok();
        assert!(reply.has(element), "{action}: {}", reply.body);
        harness.settle().await;
    }
    harness.finish().await;
}

/// DescribeCacheEngineVersions too, though AWS declares no fault for it: its page size has bounds.
#[test]
fn every_written_operation_is_refused_somewhere() {
    let granted = SUCCESSES.map(|row| row.0);
    for action in granted
        .into_iter()
        .chain(NEVER_GRANTED)
        .chain(NEED_A_CLUSTER)
    {
        assert!(
            refused::cases().iter().any(|case| case.action == action),
            "refused.txt has no line for {action}"
        );
    }
}
