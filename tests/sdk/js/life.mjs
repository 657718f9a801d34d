// The life of caches as a program in JavaScript sees it: made, waited for, paged through, tagged, refused, taken away.
// AWS_ENDPOINT_URL and the names come from test_javascript.py.

import assert from "node:assert/strict";
import {
  AddTagsToResourceCommand,
  CacheClusterAlreadyExistsFault,
  CacheClusterNotFoundFault,
  CacheParameterGroupNotFoundFault,
  CreateCacheClusterCommand,
  CreateCacheParameterGroupCommand,
  CreateReplicationGroupCommand,
  CreateUserCommand,
  DeleteCacheClusterCommand,
  DeleteCacheParameterGroupCommand,
  DeleteReplicationGroupCommand,
  DeleteUserCommand,
  DescribeCacheClustersCommand,
  DescribeReplicationGroupsCommand,
  ElastiCacheClient,
  ElastiCacheServiceException,
  InvalidParameterCombinationException,
  InvalidParameterValueException,
  ListTagsForResourceCommand,
  ModifyCacheParameterGroupCommand,
  ModifyReplicationGroupCommand,
  RemoveTagsFromResourceCommand,
  ReplicationGroupNotFoundFault,
  TagNotFoundFault,
  UserNotFoundFault,
  paginateDescribeCacheParameters,
  paginateDescribeEvents,
  waitUntilCacheClusterAvailable,
  waitUntilCacheClusterDeleted,
  waitUntilReplicationGroupAvailable,
  waitUntilReplicationGroupDeleted,
} from "@aws-sdk/client-elasticache";

const name = process.env.CACHE_NAME;
// No retries of its own: a first answer that is wrong is to be seen.
const client = new ElastiCacheClient({ maxAttempts: 1 });
const ask = (command) => client.send(command);
// The SDK's own waiters, asked more often than the SDK does.
const patience = { client, maxWaitTime: 240, minDelay: 1, maxDelay: 1 };

async function clusters() {
  const CacheClusterId = `${name}-one`;
  const wanted = { CacheClusterId, Engine: "memcached", CacheNodeType: "cache.t3.micro", NumCacheNodes: 2 };
  const Tags = [{ Key: "owner", Value: "JavaScript" }, { Key: "größe", Value: "" }];
  const { CacheCluster: made } = await ask(new CreateCacheClusterCommand({ ...wanted, Tags }));
  assert.equal(made.CacheClusterStatus, "creating");
  await assert.rejects(ask(new CreateCacheClusterCommand(wanted)), CacheClusterAlreadyExistsFault);
  const waited = await waitUntilCacheClusterAvailable(patience, { CacheClusterId });
  assert.equal(waited.state, "SUCCESS");

  const answer = await ask(new DescribeCacheClustersCommand({ CacheClusterId, ShowCacheNodeInfo: true }));
  const [found] = answer.CacheClusters;
  assert.ok(found.CacheClusterCreateTime instanceof Date);
  assert.deepEqual(found.CacheNodes.map((node) => node.CacheNodeId), ["0001", "0002"]);
  assert.equal(typeof found.ConfigurationEndpoint.Port, "number");
  assert.equal(found.AutoMinorVersionUpgrade, true);
  assert.deepEqual(found.PendingModifiedValues, {});

  await tags(found.ARN);

  await ask(new DeleteCacheClusterCommand({ CacheClusterId }));
  await waitUntilCacheClusterDeleted(patience, { CacheClusterId });
  await assert.rejects(ask(new DescribeCacheClustersCommand({ CacheClusterId })), CacheClusterNotFoundFault);
  const events = [];
  for await (const page of paginateDescribeEvents({ client, pageSize: 20 }, { SourceIdentifier: CacheClusterId, SourceType: "cache-cluster" })) {
    events.push(...page.Events);
  }
  assert.ok(events.length > 1 && events.every((event) => event.Date instanceof Date && event.Message));
}

async function tags(ResourceName) {
  const list = async () => {
    const { TagList } = await ask(new ListTagsForResourceCommand({ ResourceName }));
    return Object.fromEntries(TagList.map((tag) => [tag.Key, tag.Value]));
  };
  assert.deepEqual(await list(), { "größe": "", owner: "JavaScript" });
  await ask(new AddTagsToResourceCommand({ ResourceName, Tags: [{ Key: "owner", Value: "nobody" }, { Key: "more", Value: "<&>" }] }));
  await ask(new RemoveTagsFromResourceCommand({ ResourceName, TagKeys: ["größe"] }));
  assert.deepEqual(await list(), { more: "<&>", owner: "nobody" });
  await assert.rejects(ask(new RemoveTagsFromResourceCommand({ ResourceName, TagKeys: ["größe"] })), TagNotFoundFault);
}

async function groups() {
  const ReplicationGroupId = `${name}-group`;
  await ask(
    new CreateReplicationGroupCommand({
      ReplicationGroupId,
      ReplicationGroupDescription: "from JavaScript",
      Engine: "valkey",
      CacheNodeType: "cache.t3.micro",
      NumNodeGroups: 1,
      ReplicasPerNodeGroup: 1,
      AutomaticFailoverEnabled: true,
    }),
  );
  await waitUntilReplicationGroupAvailable(patience, { ReplicationGroupId });
  const changed = await ask(
    new ModifyReplicationGroupCommand({ ReplicationGroupId, ReplicationGroupDescription: "changed", ApplyImmediately: true }),
  );
  assert.equal(changed.ReplicationGroup.Description, "changed");
  const { ReplicationGroups: [found] } = await ask(new DescribeReplicationGroupsCommand({ ReplicationGroupId }));
  const [nodeGroup] = found.NodeGroups;
  assert.deepEqual(nodeGroup.NodeGroupMembers.map((member) => member.CurrentRole), ["primary", "replica"]);
  assert.equal(nodeGroup.PrimaryEndpoint.Port, 6379);
  assert.equal(found.ClusterEnabled, false);
  await ask(new DeleteReplicationGroupCommand({ ReplicationGroupId }));
  await waitUntilReplicationGroupDeleted(patience, { ReplicationGroupId });
  await assert.rejects(ask(new DescribeReplicationGroupsCommand({ ReplicationGroupId })), ReplicationGroupNotFoundFault);
}

async function parameters() {
  const CacheParameterGroupName = `${name}-parameters`;
  await ask(new CreateCacheParameterGroupCommand({ CacheParameterGroupName, CacheParameterGroupFamily: "redis7", Description: "from JavaScript" }));
  const ParameterNameValues = [{ ParameterName: "maxmemory-policy", ParameterValue: "allkeys-lfu" }];
  await ask(new ModifyCacheParameterGroupCommand({ CacheParameterGroupName, ParameterNameValues }));
  const all = new Map();
  let pages = 0;
  for await (const page of paginateDescribeCacheParameters({ client, pageSize: 20 }, { CacheParameterGroupName })) {
    pages += 1;
    assert.ok(page.Parameters.length <= 20);
    for (const one of page.Parameters) all.set(one.ParameterName, one);
  }
  assert.ok(pages > 2);
  assert.equal(all.get("maxmemory-policy").ParameterValue, "allkeys-lfu");
  assert.equal(all.get("maxmemory-policy").Source, "user");
  const foreign = { CacheParameterGroupName, ParameterNameValues: [{ ParameterName: "nonsense", ParameterValue: "1" }] };
  await assert.rejects(ask(new ModifyCacheParameterGroupCommand(foreign)), InvalidParameterValueException);
  await ask(new DeleteCacheParameterGroupCommand({ CacheParameterGroupName }));
  await assert.rejects(ask(new DeleteCacheParameterGroupCommand({ CacheParameterGroupName })), CacheParameterGroupNotFoundFault);
}

async function users() {
  const UserId = `${name}-user`;
  const user = {
    UserId,
    UserName: "reader",
    Engine: "redis",
    AccessString: "on ~* +@read",
    AuthenticationMode: { Type: "password", Passwords: ["sixteen-letters-of-one", "sixteen-letters-of-two"] },
  };
  const made = await ask(new CreateUserCommand(user));
  // The fields of a user stand in the answer itself.
  assert.deepEqual(made.Authentication, { Type: "password", PasswordCount: 2 });
  await assert.rejects(ask(new CreateUserCommand({ ...user, AuthenticationMode: { Type: "password", Passwords: ["short"] } })), ElastiCacheServiceException);
  await ask(new DeleteUserCommand({ UserId }));
  await assert.rejects(
    async () => {
      for (;;) await ask(new DeleteUserCommand({ UserId }));
    },
    (error) => error instanceof UserNotFoundFault || error.name === "InvalidUserState",
  );
}

async function refusals() {
  const wrong = { CacheClusterId: `${name}-wrong`, Engine: "redis", CacheNodeType: "cache.t3.micro" };
  await assert.rejects(ask(new CreateCacheClusterCommand({ ...wrong, Port: 8005 })), (error) => {
    assert.ok(error instanceof InvalidParameterValueException);
    assert.equal(error.$metadata.httpStatusCode, 400);
    assert.match(error.message, /Invalid endpoint port/);
    assert.ok(error.$metadata.requestId);
    return true;
  });
  await assert.rejects(ask(new CreateCacheClusterCommand({ ...wrong, EngineVersion: "9.9" })), InvalidParameterCombinationException);
}

await Promise.all([clusters(), groups(), parameters(), users(), refusals()]);
console.log("done");
