"""Who is told of events: a topic of moto's SNS, through a queue that subscribes to it, and a webhook that is away for a while."""

import http.server
import json
import threading

import boto3
import pytest

import caches
import control_plane
import patience


class Receiver:
    """A webhook that notes what it is told, and answers as it is set to."""

    def __init__(self):
        self.told = []
        self.status = 200
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                # Once: what was not noted must not be acknowledged, though the setting is another by now.
                status = receiver.status
                if status == 200:
                    assert self.headers["cacheplane-event-id"] == body["id"]
                    receiver.told.append(body)
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/events"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def messages(self, identifier):
        return [one["message"] for one in self.told if one["sourceIdentifier"] == identifier]


@pytest.fixture(scope="module")
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()


@pytest.fixture(scope="module")
def telling(docker_answers, tmp_path_factory, receiver, aws):
    options = ["--sns-endpoint", aws, "--webhook", receiver.url]
    with control_plane.running(tmp_path_factory.mktemp("telling"), "network", options=options) as plane:
        yield plane


def service(aws, name):
    return boto3.client(name, endpoint_url=aws, region_name=control_plane.REGION, aws_access_key_id="test", aws_secret_access_key="test")


def topic_with_queue(aws):
    """A topic, and what reads the messages that it has sent."""
    sns, sqs = service(aws, "sns"), service(aws, "sqs")
    name = caches.fresh("topic")
    topic = sns.create_topic(Name=name)["TopicArn"]
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    messages = []

    def read():
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        for one in answer.get("Messages", []):
            envelope = json.loads(one["Body"])
            assert (envelope["Type"], envelope["TopicArn"]) == ("Notification", topic)
            messages.append((json.loads(envelope["Message"]), envelope["MessageAttributes"]["EventId"]["Value"]))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=one["ReceiptHandle"])
        return messages

    return topic, read


def test_a_topic_is_told_in_the_words_of_aws(telling, aws):
    api = telling.client()
    topic, read = topic_with_queue(aws)
    one = caches.fresh("told")
    # moto's topics are of its own account.
    caches.make(api, one, NotificationTopicArn=topic)

    def told(*names):
        found = [message for message, _ in read()]
        return all({f"ElastiCache:{name}": one} in found for name in names)

    patience.until("it was told of the making", lambda: told("CacheClusterProvisioningComplete", "AddCacheNodeComplete"))
    api.reboot_cache_cluster(CacheClusterId=one, CacheNodeIdsToReboot=["0001"])
    patience.until("it was told of the reboot", lambda: told("CacheNodesRebooted"))
    caches.delete(api, one)
    patience.until("it was told of the end", lambda: told("DeleteCacheClusterComplete"))
    identifiers = [identifier for _, identifier in read()]
    assert len(identifiers) == len(set(identifiers)), "each was sent once, as nothing went wrong"


def test_a_webhook_that_is_away_is_told_when_it_is_back(telling, receiver):
    api = telling.client()
    receiver.status = 503
    one = caches.fresh("hooked")
    # What is told holds up nothing.
    caches.make(api, one)
    assert receiver.messages(one) == []
    receiver.status = 200
    patience.until("all is told", lambda: receiver.messages(one) == caches.events(api, one))
    receiver.told.clear()
    # A control plane that was killed goes on where it was.
    receiver.status = 503
    api.reboot_cache_cluster(CacheClusterId=one, CacheNodeIdsToReboot=["0001"])
    caches.available(api, one)
    telling.kill()
    receiver.status = 200
    telling.start()
    api = telling.client()
    patience.until("the reboot is told", lambda: receiver.messages(one) == caches.events(api, one)[-2:])
    [shutdown, restarted] = [told for told in receiver.told if told["sourceIdentifier"] == one]
    assert (shutdown["notification"], restarted["notification"]) == (None, "CacheNodesRebooted")
    assert shutdown["id"] != restarted["id"]
    assert restarted["sourceType"] == "cache-cluster" and restarted["region"] == control_plane.REGION
    caches.delete(api, one)


def test_a_topic_that_is_not_there_stops_no_other(telling, aws):
    api = telling.client()
    topic, read = topic_with_queue(aws)
    lost, found = caches.fresh("lost"), caches.fresh("found")
    caches.make(api, lost, NotificationTopicArn=topic + "-that-is-not-there")
    caches.make(api, found, NotificationTopicArn=topic)
    patience.until("the other is told", lambda: any(found in message.values() for message, _ in read()))
    caches.delete(api, lost, found)
