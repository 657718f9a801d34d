"""Writes the fuzzing corpus of the decoder: botocore's own request for every operation, from a fixed seed.

Run from anywhere with botocore installed: python tests/sdk/wire/write_corpus.py
"""

import json
import random

import botocore.model
import botocore.serialize

import wire_peer
import wire_values
from test_wire_codec import request_body

# Requests that no SDK sends, to start the search near the decoder's edges.
HOSTILE = {
    "hostile_encoding": b"Action=%&Version=%2&a=%ff&\xff=%zz&+%2B=+",
    "hostile_numbers": b"Tags.Tag.4294967295.Key=a&Tags.Tag.0.Key=b&Tags.Tag.01.Key=c&Tags.Tag.99999999999999999999.Key=d",
    "hostile_words": b"Tags.Tag.1.Key=a&Tags.member.1.Key=b&Tags.1.Key=c&Tags.Tag=d&Tags=e",
    "hostile_paths": b"=&.=&..=&a.=&.a=&a..b=&Tags..1.Key=a&Tags.Tag..Key=b&" + b".".join([b"a"] * 200) + b"=c",
    "hostile_twice": b"Action=DescribeEvents&Action=DescribeUsers&Version=2015-02-02&Version=2015-02-02",
    "hostile_types": b"NumCacheNodes=1e9&Port=-2147483649&AutoMinorVersionUpgrade=1&StartTime=2026-13-40T25:61:61Z&Duration=%00",
    "hostile_kinds": b"CacheClusterId.1=a&Engine=b&Engine.c=d&ScaleConfig=e&NodeGroupConfiguration.NodeGroupConfiguration=f",
    "hostile_scope": b"X-Amz-Credential=a%2F20260102%2Fus-east-1%2Felasticache%2Faws4_request&Action=DescribeEvents",
}

CORPUS = wire_peer.ROOT / "api/fuzz/corpus/decode"


def main():
    model = json.loads((wire_peer.ROOT / "api/model/elasticache-2015-02-02.json").read_text(encoding="utf-8"))
    service = botocore.model.ServiceModel(model, "elasticache")
    serializer = botocore.serialize.create_serializer("query", include_validation=False)
    CORPUS.mkdir(parents=True, exist_ok=True)
    for name in service.operation_names:
        operation = service.operation_model(name)
        values = wire_values.Values(random.Random(name), wire_values.FULL, request=True)
        body = request_body(serializer, operation, values.structure(operation.input_shape))
        (CORPUS / name).write_text(body if isinstance(body, str) else body.decode("ascii"), encoding="ascii")
    for name, body in HOSTILE.items():
        (CORPUS / name).write_bytes(body)


if __name__ == "__main__":
    main()
