"""MiniStack, an emulated AWS on one port. What it does not read from a template is done here."""

import copy
import os
import subprocess
import sys
import time
import urllib.request

import boto3

from stand_ins import free_port

TIMEOUT = 60  # seconds

def await_that(what, holds):
    """Waits until `holds` returns something true, and returns that."""
    until = time.monotonic() + TIMEOUT
    while time.monotonic() < until:
        if found := holds():
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {TIMEOUT} s")


class MiniStack:
    """A running server with IAM enforced. The key `test` is root, and the functions have their roles."""

    def __init__(self, binary, scratch):
        self.binary, self.scratch = binary, scratch
        port = str(free_port())
        self.url = f"http://127.0.0.1:{port}"
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
            os.environ.pop(name, None)
        # For everything that this process starts. The functions also use the address with which MiniStack was started.
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
    """The template, changed where MiniStack differs from AWS."""
    template = copy.deepcopy(template)
    resources = template["Resources"]
    # It refuses saved queries.
    for name in [name for name, resource in resources.items() if resource["Type"] == "AWS::Logs::QueryDefinition"]:
        del resources[name]
    # It has no archives, and no dead letters of a rule's target.
    for name in [name for name, resource in resources.items() if resource["Type"] == "AWS::Events::Archive"]:
        del resources[name]
    for rule in (resource for resource in resources.values() if resource["Type"] == "AWS::Events::Rule"):
        for target in rule["Properties"]["Targets"]:
            del target["DeadLetterConfig"]
    # It does not compute with metrics: an alarm that does watches the first of its metrics alone. It deploys no alarm of production.
    for alarm in (resource["Properties"] for resource in resources.values() if resource["Type"] == "AWS::CloudWatch::Alarm"):
        if "Metrics" in alarm and "ThresholdMetricId" not in alarm:
            first = next(metric["MetricStat"] for metric in alarm.pop("Metrics") if "MetricStat" in metric)
            alarm.update(first["Metric"], Period=first["Period"], Statistic=first["Stat"])
    # It asks for a right to every stack of this name.
    for policy in (resource for resource in resources.values() if resource["Type"] == "AWS::IAM::ManagedPolicy"):
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            if statement.get("Resource") == {"Ref": "AWS::StackId"}:
                statement["Resource"] = {"Fn::Sub": "arn:aws:cloudformation:us-east-1:000000000000:stack/${AWS::StackName}/*"}
    # A reference to a secret is its name there, and its ARN on AWS.
    for statement in resources["ReadLeadsRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]:
        if statement.get("Action") == "secretsmanager:GetSecretValue":
            statement["Resource"] = {"Fn::Sub": "arn:aws:secretsmanager:us-east-1:000000000000:secret:${ReaderDigestKey}-*"}
    # It has no TLS, which the policies of queues and buckets require.
    for resource in resources.values():
        if resource["Type"] in ("AWS::SQS::QueuePolicy", "AWS::S3::BucketPolicy"):
            document = resource["Properties"]["PolicyDocument"]
            document["Statement"] = [statement for statement in document["Statement"] if statement["Effect"] != "Deny"]
    for name in [name for name, resource in resources.items() if resource.get("Properties", {}).get("PolicyDocument", {}).get("Statement") == []]:
        del resources[name]
    # It computes with this number, but reads a parameter's number as text.
    resources["ProcessLead"]["Properties"]["Events"]["LeadCreated"]["Properties"]["ScalingConfig"]["MaximumConcurrency"] = 5
    # It requires an action of this name. On AWS a batch needs `sqs:SendMessage`.
    for role in (resource for resource in resources.values() if resource["Type"] == "AWS::IAM::Role"):
        for policy in role["Properties"]["Policies"]:
            policy["PolicyDocument"]["Statement"] += [
                {**statement, "Action": "sqs:SendMessageBatch"}
                for statement in policy["PolicyDocument"]["Statement"]
                if "sqs:SendMessage" in statement.get("Action", [])
            ]
    return template


def make_routes(template, apis, names, issuer, audience):
    """Creates the routes from the functions' events, and the authorizer of the API of users, because MiniStack does not read the
    definition of an HTTP API. `apis` has the id of each API by its name in the template."""
    gateway, functions = boto3.client("apigatewayv2"), boto3.client("lambda")
    authorizer = gateway.create_authorizer(
        ApiId=apis["UserApi"],
        Name="Users",
        AuthorizerType="JWT",
        IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Issuer": issuer, "Audience": [audience]},
    )["AuthorizerId"]
    for logical_id, name in names.items():
        events = template["Resources"][logical_id]["Properties"]["Events"].values()
        for event in (event["Properties"] for event in events if event["Type"] == "HttpApi"):
            api_id = apis[event["ApiId"]["Ref"]]
            scopes = [scope["Fn::Sub"].removeprefix("${UserScopePrefix}") for scope in event.get("Auth", {}).get("AuthorizationScopes", [])]
            checked = {"AuthorizationType": "JWT", "AuthorizerId": authorizer, "AuthorizationScopes": scopes} if scopes else {}
            integration = gateway.create_integration(
                ApiId=api_id,
                IntegrationType="AWS_PROXY",
                IntegrationUri=functions.get_alias(FunctionName=name, Name="live")["AliasArn"],
                PayloadFormatVersion=event["PayloadFormatVersion"],
            )
            route = f"{event['Method']} {event['Path']}"
            gateway.create_route(ApiId=api_id, RouteKey=route, Target=f"integrations/{integration['IntegrationId']}", **checked)
