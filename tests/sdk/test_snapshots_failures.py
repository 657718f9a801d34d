"""Snapshots that are cut off: by a kill of the control plane, by a full disk, by a node that goes."""

import os
import subprocess
import time

import pytest

import caches
import container_host
import patience
import snapshots


@pytest.fixture
def small_disk(tmp_path):
    """A file system with room for next to nothing."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", place], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.decode()}")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def files(directory):
    return sorted(path.name for path in directory.rglob("*") if path.is_file())


def failed(api, name):
    def look():
        found = snapshots.describe(api, name)
        assert found["SnapshotStatus"] == "failed", found["SnapshotStatus"]
        return found

    return patience.until("the snapshot has failed", look)


def large(api, megabytes):
    one = caches.fresh("large")
    connection = caches.redis_of(caches.make(api, one, CacheNodeType="cache.m5.large"))
    pipe = connection.pipeline(transaction=False)
    for number in range(megabytes):
        pipe.set(f"key:{number}", os.urandom(1 << 20))
        if number % 20 == 19:
            pipe.execute()
    pipe.execute()
    return one, connection


def test_a_full_disk_fails_the_snapshot_and_leaves_nothing(start_plane, small_disk):
    plane = start_plane(options=["--snapshot-store", str(small_disk)])
    api = plane.client()
    one, _ = large(api, 20)
    api.create_snapshot(CacheClusterId=one, SnapshotName="too-large")
    failed(api, "too-large")
    event = caches.events(api, one)[-1]
    assert event.startswith(f"Snapshot failed for snapshot with ID 'too-large' of cache cluster with ID '{one}'. "), event
    assert "No space left on device" in event, event
    patience.until("nothing is left of it", lambda: files(small_disk) == [])
    assert caches.status(api, one) == "available"
    # A deletion that would lose what could not be saved is called off.
    api.delete_cache_cluster(CacheClusterId=one, FinalSnapshotIdentifier="final")
    failed(api, "final")
    assert caches.status(api, one) == "available"


def test_a_kill_at_any_moment_leaves_a_whole_snapshot_or_none(start_plane):
    plane = start_plane()
    api = plane.client()
    one, _ = large(api, 100)
    store = plane.data_dir / "snapshots"
    for number, after_s in enumerate((0.05, 0.3, 0.8)):
        name = f"cut-{number}"
        api.create_snapshot(CacheClusterId=one, SnapshotName=name)
        time.sleep(after_s)
        plane.kill()
        if not any(path.name.endswith(".rdb") for path in store.rglob(f"*/{name}/*")):
            # Nothing of it is there under its own name, and so it is listed as available by nobody.
            assert all("#" in path.name for path in store.rglob(f"*/{name}/*"))
        plane.start()
        snapshots.available(api, name)
        assert not [path for path in files(store) if "#" in path]
        assert len(files(store)) == number + 1
    _, cache = snapshots.restored(api, "cut-2", CacheNodeType="cache.m5.large")
    assert caches.redis_of(cache).dbsize() == 100


def test_a_node_that_goes_midway_fails_the_snapshot(start_plane):
    plane = start_plane()
    api = plane.client()
    one, _ = large(api, 200)
    [node] = [name for name in plane.instance.containers() if one in name]
    api.create_snapshot(CacheClusterId=one, SnapshotName="lost")

    def begun():
        return any("#" in path for path in files(plane.data_dir / "snapshots"))

    patience.until("it is on its way", begun, pause_s=0.005)
    container_host.docker("kill", node)
    failed(api, "lost")
    patience.until("nothing is left of it", lambda: files(plane.data_dir / "snapshots") == [])
    container_host.docker("start", node)
    caches.available(api, one)
