"""Snapshots and S3: exports, seeds, and a store that is a bucket."""

import botocore.exceptions
import pytest

import caches
import groups
import patience
import s3
import snapshots


@pytest.fixture
def buckets(tmp_path):
    with s3.running(tmp_path) as server:
        yield server


def test_an_export_seeds_a_cache(start_plane, buckets):
    plane = start_plane(options=buckets.options)
    api = plane.client()
    buckets.client.create_bucket(Bucket="exports")
    one, name, other = caches.fresh("source"), caches.fresh("shot"), caches.fresh("seeded")
    connection = caches.redis_of(caches.make(api, one))
    snapshots.fill(connection, 2000)
    before = snapshots.digest(connection)
    snapshots.take(api, name, CacheClusterId=one)

    def export(target, bucket):
        return api.copy_snapshot(SourceSnapshotName=name, TargetSnapshotName=target, TargetBucket=bucket)["Snapshot"]

    told = export("archive/today", "exports")
    assert (told["SnapshotName"], told["SnapshotStatus"]) == ("archive/today", "exporting")
    patience.until("the export is told of", lambda: exported(api, one))
    assert buckets.keys("exports") == ["archive/today-0001.rdb"]
    # It made no snapshot.
    assert [found["SnapshotName"] for found in api.describe_snapshots()["Snapshots"]] == [name]
    for bucket, text in (
        ("exports", "The S3 bucket exports already contains an object with key archive/today-0001.rdb."),
        ("nowhere", "The S3 bucket nowhere does not exist."),
        ("Not_a_bucket", "The S3 bucket Not_a_bucket does not exist."),
    ):
        with pytest.raises(botocore.exceptions.ClientError, match=text):
            export("archive/today", bucket)

    # Everything is deleted; what is left is in the bucket.
    caches.delete(api, one)
    snapshots.delete(api, name)
    arn = "arn:aws:s3:::exports/archive/today-0001.rdb"
    cache = caches.make(api, other, SnapshotArns=[arn])
    assert snapshots.digest(caches.redis_of(cache)) == before

    # With cluster mode, slots have to be said, and each key finds its node group.
    group = caches.fresh("shards")
    api.create_replication_group(
        ReplicationGroupId=group,
        ReplicationGroupDescription="seeded",
        Engine="valkey",
        EngineVersion="8.1",
        CacheNodeType=caches.MICRO,
        AutomaticFailoverEnabled=True,
        CacheParameterGroupName="default.valkey8.cluster.on",
        NodeGroupConfiguration=[{"Slots": "0-5000", "ReplicaCount": 0}, {"Slots": "5001-16383", "ReplicaCount": 0}],
        SnapshotArns=[arn],
    )
    described = groups.available(api, group)
    nodes = [member["NodeGroupMembers"][0] for member in described["NodeGroups"]]
    assert len(nodes) == 2
    sizes = []
    for node in nodes:
        [found] = api.describe_cache_clusters(CacheClusterId=node["CacheClusterId"], ShowCacheNodeInfo=True)[
            "CacheClusters"
        ]
        sizes.append(caches.redis_of(found).dbsize())
    assert all(sizes) and sum(sizes) == before[0]


def exported(api, one):
    assert any("Export to the S3 bucket exports succeeded" in text for text in caches.events(api, one))
    return True


def test_what_is_no_data_set_is_refused(start_plane, buckets):
    plane = start_plane(options=buckets.options)
    api = plane.client()
    buckets.client.create_bucket(Bucket="seeds")
    buckets.client.put_object(Bucket="seeds", Key="text.rdb", Body=b"this is no data set, whatever it is called")
    buckets.client.put_object(Bucket="seeds", Key="newer.rdb", Body=b"REDIS0099" + b"\xff" + bytes(8))
    for key, reason in (
        ("text.rdb", "The file cannot be used: it is not an RDB file."),
        ("newer.rdb", "The file is of another line of engines"),
        ("absent.rdb", "There is no object absent.rdb"),
    ):
        one = caches.fresh("refused")
        caches.ask(api, one, SnapshotArns=[f"arn:aws:s3:::seeds/{key}"])

        def failed():
            assert caches.status(api, one) == "restore-failed", caches.status(api, one)
            return True

        patience.until("it is refused", failed)
        event = caches.events(api, one)[-1]
        assert event.startswith(f"Restore from arn:aws:s3:::seeds/{key} failed for node 0001."), event
        assert reason.lower() in event.lower(), event
        caches.delete(api, one)


def test_the_store_can_be_a_bucket(start_plane, buckets):
    buckets.client.create_bucket(Bucket="backups")
    plane = start_plane(options=[*buckets.options, "--snapshot-store", "s3://backups/caches"])
    api = plane.client()
    one, name = caches.fresh("source"), caches.fresh("shot")
    connection = caches.redis_of(caches.make(api, one))
    snapshots.fill(connection, 500)
    before = snapshots.digest(connection)
    snapshots.take(api, name, CacheClusterId=one)
    [key] = buckets.keys("backups")
    assert key.startswith("caches/") and key.endswith("-0001.rdb")
    _, cache = snapshots.restored(api, name)
    assert snapshots.digest(caches.redis_of(cache)) == before
    snapshots.delete(api, name)
    assert buckets.keys("backups") == []
