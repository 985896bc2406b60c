"""MiniStack: an AWS on one port, for tests. What it does not take from a template is done here, from the template."""

import copy
import os
import subprocess
import sys
import time
import urllib.request

import boto3

from stand_ins import free_port

PATIENCE = 60  # seconds that anything may take before it counts as failed

def await_that(what, holds):
    """Waits until `holds` gives something true, and gives that back."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if found := holds():
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {PATIENCE} s")


class MiniStack:
    """A server of its own, with IAM enforced: the key `test` is root, the functions have their roles."""

    def __init__(self, binary, scratch):
        self.binary, self.scratch = binary, scratch
        port = str(free_port())
        self.url = f"http://127.0.0.1:{port}"
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
            os.environ.pop(name, None)
        # For all that is started from here. The functions too find AWS by what MiniStack itself was started with.
        os.environ.update(AWS_ENDPOINT_URL=self.url, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")
        os.environ.update(AWS_REGION="us-east-1", AWS_DEFAULT_REGION="us-east-1")
        own = {"GATEWAY_PORT": port, "BIND_HOST": "127.0.0.1", "MINISTACK_HOST": "127.0.0.1", "AUTH": "true"}
        records = {"CLOUDTRAIL_RECORDING": "1"}
        off = {"IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0"}
        places = {"STATE_DIR": str(scratch / "state"), "S3_DATA_DIR": str(scratch / "s3"), "TMPDIR": str(scratch)}
        self.environment = {**os.environ, **own, **records, **off, **places}

    def __enter__(self):
        self.log = (self.scratch / "log").open("w+b")
        self.process = subprocess.Popen([self.binary], env=self.environment, cwd=self.scratch, stdout=self.log, stderr=self.log)
        await_that("MiniStack answers", self.answers)
        return self

    def __exit__(self, error, *_):
        self.process.terminate()
        self.process.wait()
        if error:
            self.log.seek(0)
            print(self.log.read().decode(errors="replace")[-20_000:], file=sys.stderr)
        self.log.close()

    def answers(self):
        try:
            return urllib.request.urlopen(self.url + "/_ministack/health", timeout=5).status == 200
        except OSError:
            return False


def as_it_takes_it(template):
    """The template with what MiniStack gets wrong."""
    template = copy.deepcopy(template)
    resources = template["Resources"]
    # It refuses saved queries.
    for name in [name for name, resource in resources.items() if resource["Type"] == "AWS::Logs::QueryDefinition"]:
        del resources[name]
    # It counts with this, and takes a parameter's number for text.
    resources["ProcessLead"]["Properties"]["Events"]["LeadCreated"]["Properties"]["ScalingConfig"]["MaximumConcurrency"] = 5
    # It asks for an action of this name. On AWS a batch needs `sqs:SendMessage`, and there is no other.
    for role in (resource for resource in resources.values() if resource["Type"] == "AWS::IAM::Role"):
        for policy in role["Properties"]["Policies"]:
            policy["PolicyDocument"]["Statement"] += [
                {**statement, "Action": "sqs:SendMessageBatch"}
                for statement in policy["PolicyDocument"]["Statement"]
                if "sqs:SendMessage" in statement.get("Action", [])
            ]
    return template


def make_routes(template, api_id, names):
    """It does not read the definition of an HTTP API: its routes, from the events of the functions."""
    gateway, functions = boto3.client("apigatewayv2"), boto3.client("lambda")
    for logical_id, name in names.items():
        events = template["Resources"][logical_id]["Properties"]["Events"].values()
        for event in (event["Properties"] for event in events if event["Type"] == "HttpApi"):
            integration = gateway.create_integration(
                ApiId=api_id,
                IntegrationType="AWS_PROXY",
                IntegrationUri=functions.get_alias(FunctionName=name, Name="live")["AliasArn"],
                PayloadFormatVersion=event["PayloadFormatVersion"],
            )
            route = f"{event['Method']} {event['Path']}"
            gateway.create_route(ApiId=api_id, RouteKey=route, Target=f"integrations/{integration['IntegrationId']}")
