"""Programs of customers of a replication group with cluster mode enabled, on redis-py's cluster client as it comes.

What reaches them as an error is what the client did not mend by itself.
"""

import os
import pathlib
import random
import subprocess
import threading
import time

import redis

import patience
import replication
from traffic import PAUSE_S, WAIT_MS, Program, Writer

FEW_KEYS = 20_000
# Where there is time for it, as many as shall show that nothing is lost.
MANY_KEYS = 100_000 if os.environ.get("CACHEPLANE_THOROUGH") else FEW_KEYS
ERRORS_SHOWN = 5
# What comes through from a cluster's client; the latter where it finds nobody who tells it of the cluster.
ERRORS = (redis.exceptions.RedisError, redis.exceptions.RedisClusterException)


class ToldElsewhere(Exception):
    """redis-py 8 follows ASK only to nodes that it has heard of: to another one it falls over its own missing entry."""


class Customer(Program):
    """Does one thing after the other with a client of its own, and keeps the errors that it gets."""

    def __init__(self, cluster):
        super().__init__()
        host, port = cluster.endpoint()
        self.client = redis.RedisCluster(host=host, port=port, decode_responses=True)
        self.done = 0
        self.errors = []
        # Those of [ToldElsewhere], apart.
        self.told_elsewhere = 0

    def work(self):
        try:
            self.act()
        except ERRORS as error:
            self.errors.append(f"{type(error).__name__}: {error}")
        except AttributeError as error:
            if "'NoneType' object" not in str(error):
                raise
            self.told_elsewhere += 1
        else:
            self.done += 1

    def act(self):
        raise NotImplementedError

    def go_on(self, count=200):
        """Waits until so many more things were done."""
        before = self.done
        self.await_progress("customers are served", lambda: self.done >= before + count)

    def assert_served(self, may_be_told_elsewhere=False):
        """Demands that no error came through, but for the client's own limit where it `may_be_told_elsewhere`."""
        assert self.done, "nothing was done"
        shown = self.errors[:ERRORS_SHOWN]
        assert not self.errors, f"{len(self.errors)} errors beside {self.done} successes: {shown}"
        assert may_be_told_elsewhere or not self.told_elsewhere, f"{self.told_elsewhere} beside {self.done}"


class Overwriter(Customer):
    """Gives each of `keys` keys one value after the other, each greater than the last."""

    def __init__(self, cluster, keys=FEW_KEYS):
        super().__init__(cluster)
        self.keys = keys
        self._random = random.Random(1)
        self._number = 1
        names = [f"key:{number}" for number in range(keys)]
        for start in range(0, keys, 1000):
            self.client.mset_nonatomic({name: 0 for name in names[start : start + 1000]})
        # By key: the last value that was sent, and the last that was acknowledged.
        self.sent = dict.fromkeys(names, 0)
        self.acknowledged = dict.fromkeys(names, 0)

    def act(self):
        name = f"key:{self._random.randrange(self.keys)}"
        self._number += 1
        self.sent[name] = self._number
        self.client.set(name, self._number)
        self.acknowledged[name] = self._number

    def assert_nothing_lost(self, cluster, others=0):
        """Every key is there once, and holds what was acknowledged last, or what was sent after that and not answered. So many keys
        are of `others`."""
        names = list(self.sent)
        with cluster.client() as client:
            found = []
            for start in range(0, self.keys, 1000):
                found += client.mget_nonatomic(names[start : start + 1000])
        wrong = [
            (name, value, self.acknowledged[name])
            for name, value in zip(names, found)
            if value is None or not self.acknowledged[name] <= int(value) <= self.sent[name]
        ]
        assert not wrong, f"{len(wrong)} of {self.keys} keys are lost or old: {wrong[:ERRORS_SHOWN]}"
        assert cluster.key_count() == self.keys + others, "a key is on two primaries, or on none"


class Checker(Customer):
    """Reads what the overwriter writes: never less than what was acknowledged before, never more than what was sent."""

    def __init__(self, cluster, overwriter):
        super().__init__(cluster)
        self._random = random.Random(2)
        self._overwriter = overwriter
        self.wrong = []

    def act(self):
        name = f"key:{self._random.randrange(self._overwriter.keys)}"
        least = self._overwriter.acknowledged[name]
        value = self.client.get(name)
        most = self._overwriter.sent[name]
        if value is None or not least <= int(value) <= most:
            self.wrong.append((name, least, value, most))

    def assert_right(self):
        assert not self.wrong, f"{len(self.wrong)} of {self.done} reads: {self.wrong[:ERRORS_SHOWN]}"


class WaitingWriter(Writer):
    """Numbered writes all over the slots, each followed by WAIT on the very connection that took it."""

    def __init__(self, cluster):
        super().__init__(None, replicas=1)
        self._cluster = cluster
        self._host_and_port = cluster.endpoint()

    def work(self):
        self._number += 1
        key = f"number:{self._number}"
        try:
            if self._client is None:
                host, port = self._host_and_port
                self._client = redis.RedisCluster(
                    host=host, port=port, decode_responses=True, socket_timeout=replication.ANSWER_S
                )
            node = self._client.get_redis_connection(self._client.get_node_from_key(key))
            both = node.pipeline(transaction=False).set(key, self._number)
            both.execute_command("WAIT", self.replicas, WAIT_MS)
            _, reached = both.execute()
        except ERRORS:
            # Whatever it was: who serves what is asked anew.
            if self._client is not None:
                self._client.close()
            self._client = None
            time.sleep(PAUSE_S)
            return
        if reached >= self.replicas:
            self.acknowledged.append(self._number)

    def lost(self):
        with self._cluster.client() as client:
            lost = []
            for start in range(0, len(self.acknowledged), 1000):
                numbers = self.acknowledged[start : start + 1000]
                found = client.mget_nonatomic([f"number:{number}" for number in numbers])
                lost += [number for number, value in zip(numbers, found) if value != str(number)]
        return lost


class Foreign(threading.Thread):
    """A client that is a program of its own, which goes on until its input ends, or it is told to. What it says is kept."""

    def __init__(self):
        super().__init__(daemon=True)
        self.done = 0
        self.errors = []
        self.wrong = []

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.end()

    def go_on(self, count=200):
        before = self.done
        patience.until("customers are served", lambda: self.done >= before + count or not self.is_alive(), pause_s=0.01)
        assert self.is_alive(), self.errors[:ERRORS_SHOWN]

    def assert_served(self):
        assert self.done, "nothing was done"
        shown = self.errors[:ERRORS_SHOWN]
        assert not self.errors, f"{len(self.errors)} errors beside {self.done} successes: {shown}"
        self.assert_right()

    def assert_right(self):
        assert not self.wrong, f"{len(self.wrong)} wrong values: {self.wrong[:ERRORS_SHOWN]}"


class RustCustomer(Foreign):
    """The `redis` crate's cluster client, in tests/sdk/rust_client."""

    KEYS = 1000

    def __init__(self, cluster):
        super().__init__()
        host, port = cluster.endpoint()
        self._program = subprocess.Popen(
            [rust_client(), host, str(port), self.what()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def what(self):
        return str(self.KEYS)

    def run(self):
        for line in self._program.stdout:
            what, _, rest = line.rstrip().partition(" ")
            match what:
                case "done":
                    self.done = int(rest)
                case "error":
                    self.errors.append(rest)
                case "wrong":
                    self.wrong.append(rest)

    def end(self):
        self._program.stdin.close()
        self.join(timeout=patience.DEADLINE_S)
        assert not self.is_alive() and self._program.wait() == 0


class WaitingRustCustomer(RustCustomer):
    """The same, each write followed by WAIT: `done` counts those that a replica acknowledged, `wrong` are those of them that are lost."""

    def what(self):
        return "wait"


def rust_client():
    """The program, built on first use into a directory beside the workspace's own builds."""
    here = pathlib.Path(__file__).parent
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or here.parents[1] / "target") / "sdk"
    manifest = here / "rust_client" / "Cargo.toml"
    build = ["cargo", "build", "--quiet", "--locked", "--manifest-path", manifest, "--target-dir", target]
    subprocess.run(build, check=True, timeout=patience.DEADLINE_S)
    return str(target / "debug" / "rust-cluster-client")


class CliCustomer(Foreign):
    """redis-cli -c on the host's own network, as a script has it: begun anew for every order, at the configuration endpoint.

    One that stays goes on asking the node that it was last sent to, for ever, even when that is gone.
    """

    KEYS = 100

    END = "(the end)"

    def __init__(self, cluster, rounds=False):
        super().__init__()
        host, port = cluster.endpoint()
        self._name = f"cli-{cluster.id}"
        self._ended = threading.Event()
        self._acknowledged = {}
        each = 'while read -r order; do redis-cli -c -h "$0" -p "$1" $order; done'
        if rounds:
            # Several orders for one run, and a line that says where its answers end.
            each = f'while read -r orders; do echo "$orders" | tr "|" "\\n" | redis-cli -c -h "$0" -p "$1"; echo "{self.END}"; done'
        command = ["sh", "-c", each, host, str(port)]
        self._program = subprocess.Popen(
            ["docker", "run", "--rm", "--interactive", "--network", "host", "--name", self._name, "redis:7.0", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
        )

    def ask(self, order):
        print(order, file=self._program.stdin, flush=True)
        return self._program.stdout.readline().rstrip()

    def run(self):
        while not self._ended.is_set():
            # Client, engines and slots that move share the cores.
            time.sleep(PAUSE_S)
            self.done += 1
            key = f"cli:{self.done * 7919 % self.KEYS}"
            if (told := self.ask(f"SET {key} {self.done}")) != "OK":
                self.errors.append(f"SET: {told}")
                continue
            self._acknowledged[key] = self.done
            self.check(key)
        for key in self._acknowledged:
            self.check(key)

    def check(self, key):
        told = self.ask(f"GET {key}")
        if not told.isdigit():
            self.errors.append(f"GET: {told}")
        elif int(told) != self._acknowledged[key]:
            self.wrong.append((key, told, self._acknowledged[key]))

    def end(self):
        self._ended.set()
        self.join(timeout=patience.DEADLINE_S)
        self._program.stdin.close()
        assert self._program.wait(timeout=patience.DEADLINE_S) == 0


class WaitingCliCustomer(CliCustomer):
    """redis-cli -c, begun anew for every write, which WAIT follows; `done` counts the writes that a replica acknowledged."""

    def __init__(self, cluster):
        super().__init__(cluster, rounds=True)
        self._number = 0
        self._written = []

    def run(self):
        while not self._ended.is_set():
            time.sleep(PAUSE_S)
            self._number += 1
            key = f"cli:{self._number}"
            # GET leads it to the node. It may be led on, or connect anew, in between: then WAIT speaks of another connection's writes.
            whom = "CLUSTER MYID", "CLIENT ID"
            orders = (f"GET {key}", *whom, f"SET {key} {self._number}", "WAIT 1 100", *whom)
            told = self.ask_all(orders)
            match told:
                case [_, node, client, "OK", reached, *again] if again == [node, client] and reached.isdigit():
                    if int(reached) > 0:
                        self._written.append(self._number)
                        self.done = len(self._written)
                case _:
                    self.errors.append(" ".join(told))
        for number in self._written:
            if (told := self.ask_all([f"GET cli:{number}"])) != [str(number)]:
                self.wrong.append((number, told))

    def ask_all(self, orders):
        """What one run of redis-cli says to all of these, a line for each."""
        print("|".join(orders), file=self._program.stdin, flush=True)
        lines = []
        while (line := self._program.stdout.readline().rstrip("\n")) != self.END:
            if not line and self._program.poll() is not None:
                raise EOFError
            if not line.startswith("-> Redirected"):
                lines.append(line)
        return lines
