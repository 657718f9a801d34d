"""A stand-in for the Resource Groups Tagging API, a service of its own by which some clients look at the tags of other services' resources.

Every call becomes one of ElastiCache's own tag operations at the endpoint under test, so what is told and what is changed are its tags.
"""

import contextlib
import http.server
import json
import threading

import botocore.exceptions


def answer(api, operation, asked):
    """What one call says; resources that the endpoint does not know are failures, each by itself."""
    if operation == "GetResources":
        found = []
        for arn in asked["ResourceARNList"]:
            # As the real service: what cannot be told of is left out.
            with contextlib.suppress(botocore.exceptions.ClientError):
                found.append({"ResourceARN": arn, "Tags": api.list_tags_for_resource(ResourceName=arn)["TagList"]})
        return {"PaginationToken": "", "ResourceTagMappingList": found}
    failures = {}
    for arn in asked["ResourceARNList"]:
        try:
            if operation == "TagResources":
                tags = [{"Key": key, "Value": value} for key, value in asked["Tags"].items()]
                api.add_tags_to_resource(ResourceName=arn, Tags=tags)
            else:
                assert operation == "UntagResources", operation
                api.remove_tags_from_resource(ResourceName=arn, TagKeys=asked["TagKeys"])
        except botocore.exceptions.ClientError as error:
            failures[arn] = {"StatusCode": 400, "ErrorCode": "InvalidParameterException", "ErrorMessage": str(error)}
    return {"FailedResourcesMap": failures}


@contextlib.contextmanager
def serving(api):
    """It, in front of the endpoint that `api` asks, as the address where it is served."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            operation = self.headers["X-Amz-Target"].rpartition(".")[2]
            body = json.dumps(answer(api, operation, asked)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
