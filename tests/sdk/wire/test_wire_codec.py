"""Both directions of the wire contract against botocore, an implementation that shares nothing with ours.

Every operation, with random values from fixed seeds: a failure names operation, mode and seed, and repeats.
"""

import random
import xml.etree.ElementTree

import botocore.awsrequest
import botocore.parsers
import botocore.serialize
import pytest

import wire_values
from test_wire_model import OPERATIONS

SEEDS = range(12)

NAMESPACE = "{http://elasticache.amazonaws.com/doc/2015-02-02/}"


@pytest.fixture(scope="module")
def covered():
    """Members met, as (structure, member), by direction."""
    return {"request": set(), "reply": set()}


def values(operation, mode, seed, request):
    return wire_values.Values(random.Random(f"{operation} {mode} {seed}"), mode, request)


def request_body(serializer, model, params):
    """The body that a client of botocore would send."""
    request = serializer.serialize_to_request(params, model)
    url = "http://127.0.0.1" + request["url_path"]
    return botocore.awsrequest.AWSRequest(request["method"], url, data=request["body"]).prepare().body


def test_every_request_of_botocore_decodes_to_what_it_was_made_from(peer, service, covered):
    serializer = botocore.serialize.create_serializer("query", include_validation=False)
    operations = set()
    for name in service.operation_names:
        model = service.operation_model(name)
        for mode in wire_values.MODES:
            for seed in SEEDS:
                source = values(name, mode, seed, request=True)
                params = source.structure(model.input_shape)
                body = request_body(serializer, model, params)
                answer = peer.decode(body if isinstance(body, str) else body.decode("ascii"))
                where = f"{name} {mode} {seed}"
                assert answer.get("operation") == name, f"{where}: {answer} from {body}"
                decoded = wire_values.from_json(answer["input"], model.input_shape)
                found = wire_values.difference(params, decoded)
                assert not found, f"{where}: {found}"
                covered["request"] |= source.members_seen
        operations.add(name)
    assert len(operations) == OPERATIONS
    assert covered["request"] == all_members(model.input_shape for model in models(service))


def test_every_reply_parses_in_botocore_to_what_it_was_made_from(peer, service, covered):
    parser = botocore.parsers.create_parser("query")
    operations = set()
    for name in service.operation_names:
        shape = service.operation_model(name).output_shape
        for mode in wire_values.MODES:
            for seed in SEEDS:
                source = values(name, mode, seed, request=False)
                output = source.structure(shape) if shape else None
                reply = peer.encode(name, wire_values.as_json(output))
                parsed = parser.parse({"body": reply.encode(), "headers": {}, "status_code": 200}, shape)
                where = f"{name} {mode} {seed}"
                assert parsed.pop("ResponseMetadata")["RequestId"] == "00000000-0000-4000-8000-000000000000", where
                found = wire_values.difference(output or {}, parsed)
                assert not found, f"{where}: {found}"
                if shape:
                    root = xml.etree.ElementTree.fromstring(reply)
                    check_names(root.find(f"{NAMESPACE}{name}Result"), shape, where)
                covered["reply"] |= source.members_seen
        operations.add(name)
    assert len(operations) == OPERATIONS
    assert covered["reply"] == all_members(model.output_shape for model in models(service) if model.output_shape)


def check_names(element, shape, where):
    """Every element is called as the model says. botocore takes list entries of any name, other SDKs skip them."""
    if shape.type_name == "list":
        expected = NAMESPACE + shape.member.serialization.get("name", "member")
        for entry in element:
            assert entry.tag == expected, f"{where}: {entry.tag} in {shape.name}"
            check_names(entry, shape.member, where)
    elif shape.type_name == "structure":
        members = {NAMESPACE + name: member for name, member in shape.members.items()}
        # A name on the member's own shape is an alias, see api/generate/src/shapes.rs.
        named = [member for member in members.values() if "name" in member.serialization]
        aliases = {NAMESPACE + member.serialization["name"]: member for member in named}
        for child in element:
            assert child.tag in members or child.tag in aliases, f"{where}: {child.tag} in {shape.name}"
            check_names(child, members.get(child.tag) or aliases[child.tag], where)
        for alias, member in aliases.items():
            own = next(name for name, of in members.items() if of is member)
            assert (element.find(alias) is None) == (element.find(own) is None), f"{where}: {alias}"


def test_only_the_three_operations_without_output_lack_a_result_element(peer, service):
    """SDKs for Go and Rust refuse a reply without the element, and an output may well have no member set."""
    without = set()
    for model in models(service):
        reply = peer.encode(model.name, {} if model.output_shape else None)
        if f"<{model.name}Result" not in reply:
            without.add(model.name)
    assert without == {"DeleteCacheParameterGroup", "DeleteCacheSecurityGroup", "DeleteCacheSubnetGroup"}


def test_what_xml_cannot_carry_arrives_as_replacement_characters(peer, service):
    """One control character would make a strict parser refuse the whole reply."""
    parser = botocore.parsers.create_parser("query")
    shape = service.operation_model("DescribeEvents").output_shape
    unwanted = [chr(code) for code in range(0x20) if chr(code) not in "\t\n\r"] + ["\ufffe", "\uffff"]
    kept = "\t\n\r\x7f\x80\x85\u2028\ue000\uefff\ufffd😀"
    reply = peer.encode("DescribeEvents", {"Events": [{"Message": text + kept} for text in unwanted]})
    parsed = parser.parse({"body": reply.encode(), "headers": {}, "status_code": 200}, shape)
    assert [event["Message"] for event in parsed["Events"]] == ["\ufffd" + kept] * len(unwanted)


def models(service):
    return [service.operation_model(name) for name in service.operation_names]


def all_members(shapes):
    """Every (structure, member) that can be reached."""
    members, ahead = set(), list(shapes)
    while ahead:
        shape = ahead.pop()
        if shape.type_name == "list":
            ahead.append(shape.member)
        elif shape.type_name == "structure":
            for name, member in shape.members.items():
                if (shape.name, name) not in members:
                    members.add((shape.name, name))
                    ahead.append(member)
    return members
