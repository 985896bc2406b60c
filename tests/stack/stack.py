"""Deploys the built template onto MiniStack and uses it as partners and operators do. Called by `run`."""

import argparse
import json
import os
import pathlib
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import boto3
from samcli.yamlhelper import yaml_dump, yaml_parse

from ministack import MiniStack, as_it_takes_it, await_that, make_routes
from roles import compare, made, name_callers
from stand_ins import Issuer, StandIns

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "target/stack/build"
LEADCTL = ROOT / "target/debug/leadctl"
MINISTACK = ROOT / "target/stack/ministack/bin/ministack"
EXAMPLES = {
    "/leads": (ROOT / "tests/examples/structured.json").read_bytes(),
    "/leads/intake": (ROOT / "tests/examples/flat.json").read_bytes(),
}
STACK = "leadping-test"
ALL_STEPS = {"accepted", "announced", "conversation", "lookup", "ready", "published"}
FUNCTIONS = {
    "CheckLead": f"{STACK}-check-lead",
    "CreateLead": f"{STACK}-create-lead",
    "IntakeLead": f"{STACK}-intake-lead",
    "ProcessLead": f"{STACK}-process-lead",
    "ReadLeads": f"{STACK}-read-leads",
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--without", metavar="ACTION", help="remove an action from every role: the test must fail")
    without = parser.parse_args().without
    with tempfile.TemporaryDirectory(prefix="leadping-stack-") as scratch, StandIns() as outside:
        binaries = ROOT / "target/debug"
        with MiniStack(MINISTACK, pathlib.Path(scratch)) as ministack, Issuer(binaries, pathlib.Path(scratch)) as issuer:
            stack = Stack(template(without), ministack.url, outside, issuer)
            try:
                use(stack, outside)
            except AssertionError as failure:
                for warning in stack.warnings():
                    failure.add_note(warning)
                raise
    said("passed", "")


def use(stack, outside):
    stack.refuses("TrustedFormApiKeySecretArn", "arn:aws:secretsmanager:us-east-1:111122223333:secret:leadping/x/trusted-form-AbCdEf")
    stack.refuses("TrustedFormApiKeySecretArn", "arn:aws:secretsmanager:us-east-1:000000000000:secret:leadping/x/trusted-form")
    stack.refuses("Stage", "production")  # without topics and reserved concurrency
    stack.refuses("PhoneLookupUrl", "http://lookups.example.com")
    stack.deploy()
    make_routes(stack.template, stack.apis, FUNCTIONS, stack.issuer.url, stack.issuer.AUDIENCE)
    create = ("source", "create", "--account=account_1", "--business=business_1")
    source = stack.leadctl(*create, "--name=Approved", "--approved")
    unapproved = stack.leadctl(*create, "--name=Unapproved")
    said("sources", f"{source['id']}, {unapproved['id']}")

    leads = []
    for path, body in EXAMPLES.items():
        lead = stack.accepted(source, path, body)
        request = stack.request_id
        record = stack.ready(lead)
        await_that(f"the steps of the request {request} are in the logs", lambda: stack.steps(request) == ALL_STEPS)
        expect("its conversation", record["conversation"]["leadId"], lead)
        expect("its timeline", [event["eventType"] for event in record["timeline"]], ["lead.created", "phone.lookup.succeeded", "lead.ready"])
        expect("the same submission again", stack.accepted(source, path, body), lead)
        leads.append(lead)
    expect("two leads", len(set(leads)), 2)
    query = "/leads/intake?email=jordan%40example.com&trustedFormUrl=https%3A%2F%2Fcert.trustedform.com%2Fquery"
    queried = stack.accepted(source, query)
    stack.ready(queried)
    expect("each certificate asked for", outside.certificates, {"example", "query"})
    expect("numbers looked up", outside.numbers, 2)

    for path, example in EXAMPLES.items():
        expect("a wrong key", stack.refused({**source, "key": "wrong"}, path, b"{}"), (401, "credentials.invalid"))
        expect("an empty lead", stack.refused(source, path, b"{}"), (400, "validation"))
        expect("a source that is not approved", stack.refused(unapproved, path, example), (400, "validation"))
    said("refused", "wrong keys, empty leads, a source that is not approved")

    stack.follow_events(leads)
    keeper = stack.leadctl(*create, "--name=Keeper", "--approved", "--retain-certificates")
    lead = stack.accepted(keeper, "/leads", small_lead("kept"))
    consent = stack.ready(lead)["lead"]["consent"]
    expect("its consent", (consent["status"], consent["phoneMatch"]), ("verified", True))
    expect("what is retained", outside.retained, [("kept", lead, "Keeper")])
    said("retained", f"the certificate of {lead}")
    stack.walk_dead_letters()
    stack.keep_people_apart(source, queried)
    # The trail shows the latest fifty calls of a second, so a sweep and a report hide what came before them.
    calls = made(stack.names())
    stack.sweep(source)
    calls |= made(stack.names())
    stack.read(source, leads[0])
    calls |= made(stack.names())
    stack.report(source)
    stack.look_through_window(source, unapproved, leads[0])
    stack.reach_limits()
    calls |= made(stack.names())
    expect("what roles grant and functions call", compare(stack.template, FUNCTIONS, calls), [])
    stack.update()
    stack.ready(stack.accepted(source, "/leads", small_lead("updated")))
    said("updated", "and a lead is ready on the new version")
    stack.delete()


class Stack:
    """The deployed stack."""

    def __init__(self, template, url, outside, issuer):
        self.template, self.url, self.issuer = template, url, issuer
        self.dynamodb, self.functions, self.sqs = boto3.client("dynamodb"), boto3.client("lambda"), boto3.client("sqs")
        keep = boto3.client("secretsmanager").create_secret
        self.parameters = {
            "Architecture": "x86_64",
            "TrustedFormUrl": outside.url,
            "TrustedFormApiKeySecretArn": keep(Name="leadping/test/trusted-form", SecretString=outside.TRUSTED_FORM_KEY)["ARN"],
            "EventQueue": "true",
            "PhoneLookup": "twilio",
            "PhoneLookupUrl": outside.url,
            "PhoneLookupSecretArn": keep(Name="leadping/test/twilio", SecretString=outside.TWILIO_TOKEN)["ARN"],
            "TwilioAccountSid": outside.TWILIO_ACCOUNT,
            "UserIssuer": issuer.url,
            "UserAudience": issuer.AUDIENCE,
        }

    def refuses(self, parameter, value):
        """A deployment with this value of a parameter is refused before anything is created."""
        before = self.parameters
        self.parameters = {**before, parameter: value}
        try:
            self.deploy()
        except AssertionError as refused:
            expect(f"{parameter}={value} is refused by the template", "ValidationError" in str(refused), True)
        else:
            raise AssertionError(f"{parameter}={value} is deployed")
        finally:
            self.parameters = before
        said("not deployed", f"{parameter}={value}")

    def deploy(self):
        started = time.monotonic()
        file = BUILD / "deployed.yaml"  # next to the binaries, to which it has relative paths
        file.write_text(yaml_dump(as_it_takes_it(self.template)))
        run(
            *("sam", "deploy", "--template", file, "--stack-name", STACK, "--resolve-s3", "--capabilities", "CAPABILITY_IAM"),
            *("--no-confirm-changeset", "--no-fail-on-empty-changeset", "--region", "us-east-1"),
            *("--parameter-overrides", *(f"{name}={value}" for name, value in self.parameters.items())),
        )
        stack = boto3.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        id_of = lambda output: self.outputs[output].removeprefix("https://").partition(".")[0]
        self.apis = {"Api": id_of("ApiUrl"), "UserApi": id_of("UserApiUrl")}
        host = lambda api: boto3.client("apigatewayv2").get_api(ApiId=self.apis[api])["ApiEndpoint"].removeprefix("http://")
        self.host, self.user_host = host("Api"), host("UserApi")
        said("deployed", f"in {time.monotonic() - started:.0f} s; {stack['StackStatus']}")

    # ---- what partners and operators do

    def call(self, source, path, body=None):
        headers = {"Host": self.host, "X-Leadping-Source-Id": source["id"], "X-Leadping-Source-Key": source["key"]}
        return self.send(path, body, headers)

    def ask(self, token, path, body=None):
        """What a user reads: a list if there is a body."""
        headers = {"Host": self.user_host, "Authorization": f"Bearer {token}"}
        return self.send(path, None if body is None else json.dumps(body).encode(), headers)

    def send(self, path, body, headers):
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(self.url + path, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                self.request_id = answer.headers["X-Request-Id"]
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as problem:
            text = problem.read().decode()
            return problem.code, json.loads(text) if text.startswith("{") else {"code": text}

    def accepted(self, source, path, body=None):
        status, answer = self.call(source, path, body)
        expect(f"{path.partition('?')[0]} answers {answer if status != 201 else ''}", status, 201)
        return answer["id"]

    def refused(self, source, path, body):
        status, problem = self.call(source, path, body)
        return status, problem.get("code")

    def ready(self, lead):
        started = time.monotonic()

        def record():
            record = self.leadctl("lead", "show", lead)
            return record if record["lead"]["processingStatus"] == "Ready" else None

        record = await_that(f"{lead} is ready", record)
        said("ready", f"{lead} after {time.monotonic() - started:.1f} s")
        return record

    def leadctl(self, *arguments, who=None):
        return json.loads(run(LEADCTL, "--stack", STACK, *arguments, "--output", "json", who=who))

    def warnings(self):
        """The warnings and errors that the functions logged, each once."""
        warned = [(name, line) for name, line in self.logged() if line.get("level") in ("WARN", "ERROR")]
        return dict.fromkeys(f"{name} logged: {line.get('message')}: {line.get('error', '')}" for name, line in warned)

    def steps(self, request):
        """The logged steps of one request, found like the saved query for one request."""
        lines = [line for _, line in self.logged() if line.get("span", {}).get("request_id") == request]
        return {line["step"] for line in lines if "step" in line}

    def logged(self):
        """Each line that a function logged, with the function's name."""
        pages = boto3.client("logs").get_paginator("filter_log_events")
        for name in FUNCTIONS.values():
            for page in pages.paginate(logGroupName=f"/aws/lambda/{name}"):
                lines = [event["message"] for event in page["events"]]
                yield from ((name, json.loads(line)) for line in lines if line.startswith("{"))

    def look_through_window(self, source, unapproved, lead):
        """Dry runs, standing and status, and a lead of a test key, which has a lookup without the provider."""
        for path, example in EXAMPLES.items():
            status, answer = self.call(source, f"{path}/validate", example)
            expect(f"a dry run of {path} that would be a repeat", (status, answer["dryRun"], answer["wouldAnswer"]), (200, True, 201))
            status, problem = self.call(unapproved, f"{path}/validate", example)
            expect("a dry run that would be refused", (status, problem["code"], problem["dryRun"]), (400, "validation", True))
        expect("the standing", self.call(unapproved, "/sources/me")[1]["approved"], False)
        expect("the specification", self.call(source, "/sources/me/spec")[1]["source"]["id"], source["id"])
        found = self.call(source, f"/sources/me/leads/{lead}")
        expect("the status", (found[0], found[1]["id"]), (200, lead))
        expect("of an unknown lead", self.refused(source, "/sources/me/leads/lead_unknown", None), (404, "lead.not_found"))
        expect("of an unknown submission", self.refused(source, "/sources/me/submissions", None), (400, "idempotency_key.invalid"))
        listed = "/sources/me/leads?externalId=partner-lead-88391"
        expect("by the external id", len(self.call(source, listed)[1]["items"]), 2)
        test = {**unapproved, **self.leadctl("key", "create", unapproved["id"], "--test")}
        tested = self.accepted(test, "/leads", small_lead("test-accepted"))
        self.ready(tested)
        expect("the status of a test lead", self.call(test, f"/sources/me/leads/{tested}")[1]["test"], True)
        expect("with the live key", self.refused(unapproved, f"/sources/me/leads/{tested}", None), (404, "lead.not_found"))
        said("window", "dry runs, standing, status, specification, and a test lead")

    def reach_limits(self):
        """At each endpoint a lead within the cap, then one of another person, whose guard is removed when the cap refuses it."""
        limits = ("--cap-day=1", "--duplicates=phone,email")
        for path, example in EXAMPLES.items():
            limited = self.leadctl("source", "create", "--account=account_1", "--business=business_1", "--name=Limited", "--approved", *limits)
            self.ready(self.accepted(limited, path, example))
            other = example.replace(b"jordan@", b"casey@").replace(b"555-0123", b"555-0199").replace(b"5550123", b"5550199")
            expect("the next person", self.refused(limited, path, other), (429, "quota.exceeded"))
            status, answer = self.call(limited, f"{path}/validate", other)
            expect("its dry run", (status, answer["code"], answer["dryRun"]), (429, "quota.exceeded", True))
        said("limits", "a cap refuses the next person, and a dry run says so")

    def read(self, source, lead):
        """What users read, by every index, with tokens of the local issuer."""
        token = self.issuer.token("business_1")
        status, found = self.ask(token, f"/leads/{lead}")
        expect("a lead, read with a token", (status, found.get("id"), found.get("processingStatus")), (200, lead, "Ready"))
        equal = lambda field, value: {"field": field, "value": value}
        by_external_id = [equal("externalId", "partner-lead-88391"), equal("sourceId", source["id"])]
        for what, body in [
            ("the newest leads", {"includeCount": True}),
            ("a last name", {"search": "examp"}),
            ("a phone number", {"search": "(555) 555-0123"}),
            ("an address", {"search": "JORDAN@example.com"}),
            ("an id", {"search": lead}),
            ("an external id", {"filters": by_external_id}),
        ]:
            status, page = self.ask(token, "/leads/all/my", body)
            expect(f"{what} in {page}", (status, lead in [row["id"] for row in page.get("items", [])]), (200, True))
        conversation = found["conversation"]
        status, inbox = self.ask(token, "/conversations/my", {})
        expect("the inbox", conversation["id"] in [item["id"] for item in inbox["items"]], True)
        mark = f"/conversations/{conversation['id']}/mark-read?eventVersion={conversation['eventVersion']}"
        expect("mark-read", self.ask(token, mark, {}), (200, True))
        expect("the timeline", len(self.ask(token, f"/events/leads/{lead}", {})[1]["items"]), 3)
        expect("the sources", source["id"] in [row["id"] for row in self.ask(token, "/sources/all/my", {})[1]["items"]], True)
        expect("a source", self.ask(token, f"/sources/{source['id']}")[0], 200)
        code = lambda answer: (answer[0], answer[1].get("code"))
        expect("another business's lead", code(self.ask(self.issuer.token("business_2"), f"/leads/{lead}")), (404, "lead.not_found"))
        expect("without a token", self.ask("", f"/leads/{lead}")[0], 401)
        expect("with another signature", self.ask(token[:-8] + "AAAAAAAA", f"/leads/{lead}")[0], 401)
        expect("without the scope", self.ask(self.issuer.token("business_1", "leads:read"), mark, {})[0], 403)
        said("read", "a lead, lists by every index, inbox, timeline and sources; 401, 403 and 404 without the right token")

    def report(self, source):
        """The reports of a source and of its business."""
        token = self.issuer.token("business_1")
        expect("its metrics", self.ask(token, f"/sources/{source['id']}/metrics?days=2")[1]["totalLeads"] > 0, True)
        expect("the report", self.ask(token, "/analytics/my?days=2")[1]["summary"]["leads"] > 0, True)
        said("report", "metrics and analytics")

    def follow_events(self, leads):
        """The events of these leads go through the bus and a rule into the subscriber's queue."""
        queue, told = self.outputs["EventQueueUrl"], {}

        def all_told():
            for message in self.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
                event = json.loads(message["Body"])
                expect("the source of an event", event["source"], "leadping.intake")
                expect("its type", event["detail-type"], event["detail"]["type"])
                told.setdefault(event["detail"]["leadId"], {})[event["detail"]["sequence"]] = event["detail-type"]
                self.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            return all(len(told.get(lead, {})) == 3 for lead in leads)

        await_that("the subscriber's queue has the events of each lead", all_told)
        for lead in leads:
            expect("the events", told[lead], {1: "lead.created", 2: "phone.lookup.succeeded", 3: "lead.ready"})
        said("subscriber", f"{sum(len(events) for events in told.values())} events came through a rule")

    def keep_people_apart(self, source, lead):
        """Each policy of people lets them do their work and nothing else, and every act is in the ledger under their name."""
        iam = boto3.client("iam")
        ledger, leads, sources = (self.outputs[name] for name in ("LedgerTable", "LeadsTable", "SourcesTable"))
        show, update = ("lead", "show", lead), ("source", "update", source["id"], "--name=Renamed")
        again = ("source", "update", source["id"], "--name=Again")  # the name that compliance gave is no change
        erase, approve = ("lead", "erase", lead), ("source", "unapprove", source["id"])
        key = ("key", "create", source["id"])
        delete = lambda client: client.delete_item(TableName=ledger, Key={"pk": {"S": "LEDGER"}, "sk": {"S": "000000000001"}})
        scan = lambda client: client.scan(TableName=leads)
        erase_source = lambda client: client.delete_item(TableName=sources, Key={"pk": {"S": f"SOURCE#{source['id']}"}, "sk": {"S": "SOURCE"}})
        for policy, may, may_not, calls in [
            ("SupportPolicy", [show], [update, approve, erase, key], [delete, scan, erase_source]),
            ("CompliancePolicy", [update, approve, ("source", "approve", source["id"]), key], [show, erase], [delete, scan]),
            ("PrivacyPolicy", [show, erase], [again, approve, key], [delete, scan, erase_source]),
        ]:
            iam.create_user(UserName=policy)
            iam.attach_user_policy(UserName=policy, PolicyArn=self.outputs[policy])
            made = iam.create_access_key(UserName=policy)["AccessKey"]
            who = {"AWS_ACCESS_KEY_ID": made["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"]}
            client = boto3.client("dynamodb", aws_access_key_id=made["AccessKeyId"], aws_secret_access_key=made["SecretAccessKey"])
            for command in may_not:
                expect(f"{policy}: {' '.join(command)}", "Denied" in self.denied(who, *command), True)
            for call in calls:
                try:
                    call(client)
                except client.exceptions.ClientError as refused:
                    expect(f"{policy}: a call", "AccessDenied" in refused.response["Error"]["Code"], True)
                else:
                    raise AssertionError(f"{policy} may make a call that it must not")
            for command in may:
                self.leadctl(*command, who=who)
                entry = self.leadctl("ledger", "list", "--most=1")[0]["entry"]
                expect("the ledger's entry", (entry["action"], entry["by"].endswith(f"user/{policy}")), (" ".join(command[:2]), True))
        expect("the ledger", self.leadctl("ledger", "verify")["faults"], [])
        said("people", "support, compliance and privacy do their own work, and the ledger has it")

    def denied(self, who, *arguments):
        command = [str(part) for part in (LEADCTL, "--stack", STACK, *arguments, "--output", "json")]
        done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, env={**os.environ, **who})
        expect(f"the exit code of {' '.join(arguments)}", done.returncode, 5)
        return done.stderr

    # ---- failures

    def walk_dead_letters(self):
        """A bad message ends in the dead-letter queue, comes back when it is redriven, and ends there again."""
        visibility = self.attributes("LeadCreatedQueueUrl", "VisibilityTimeout")
        self.set("LeadCreatedQueueUrl", VisibilityTimeout="1")
        dead = self.outputs["DeadLetterQueueUrl"]
        count = lambda: self.attributes("DeadLetterQueueUrl", "ApproximateNumberOfMessages")["ApproximateNumberOfMessages"]
        self.sqs.send_message(QueueUrl=self.outputs["LeadCreatedQueueUrl"], MessageBody="poison")
        await_that("the bad message is a dead letter", lambda: count() == "1")
        self.leadctl("dlq", "redrive", "--all")
        letter = await_that("redriven, it is one again", lambda: self.sqs.receive_message(QueueUrl=dead).get("Messages"))[0]
        expect("the dead letter", letter["Body"], "poison")
        self.sqs.delete_message(QueueUrl=dead, ReceiptHandle=letter["ReceiptHandle"])
        self.set("LeadCreatedQueueUrl", **visibility)
        said("dead letters", "the bad message went there, was redriven, and came back")

    def sweep(self, source):
        """A lead whose message was lost is due, is found by the sweep, and becomes ready."""
        worker = f"{FUNCTIONS['ProcessLead']}:live"
        mapping = self.functions.list_event_source_mappings(FunctionName=worker)["EventSourceMappings"][0]["UUID"]
        self.functions.update_event_source_mapping(UUID=mapping, Enabled=False)
        lead = self.accepted(source, "/leads", small_lead("lost"))
        main = self.outputs["LeadCreatedQueueUrl"]
        lost = await_that("the lead is announced", lambda: self.sqs.receive_message(QueueUrl=main).get("Messages"))[0]
        expect("the message", json.loads(lost["Body"])["leadId"], lead)
        self.sqs.delete_message(QueueUrl=main, ReceiptHandle=lost["ReceiptHandle"])
        self.dynamodb.update_item(
            TableName=self.outputs["LeadsTable"],
            Key={"pk": {"S": f"LEAD#{lead}"}, "sk": {"S": "LEAD"}},
            UpdateExpression="SET dueAt = :past",
            ExpressionAttributeValues={":past": {"S": "2026-01-01T00:00:00.000Z"}},
        )
        self.functions.update_event_source_mapping(UUID=mapping, Enabled=True)
        event = self.template["Resources"]["ProcessLead"]["Properties"]["Events"]["Sweep"]["Properties"]["Input"]
        answer = self.functions.invoke(FunctionName=worker, Payload=event)
        expect("the sweep fails", answer.get("FunctionError"), None)
        self.ready(lead)
        said("sweep", "found the lead whose message was lost")

    def update(self):
        before = self.versions()
        self.parameters["MemorySize"] = "512"
        self.deploy()
        expect("memory of the new versions", set(self.versions().values()), {512})
        expect("memory before", set(before.values()), {256})

    def versions(self):
        describe = lambda name: self.functions.get_function_configuration(FunctionName=name, Qualifier="live")
        return {name: describe(name)["MemorySize"] for name in FUNCTIONS.values()}

    def delete(self):
        cloudformation = boto3.client("cloudformation")
        cloudformation.delete_stack(StackName=STACK)
        stacks = lambda: cloudformation.list_stacks()["StackSummaries"]
        statuses = lambda: {stack["StackStatus"] for stack in stacks() if stack["StackName"] == STACK}
        await_that("the stack is gone", lambda: statuses() == {"DELETE_COMPLETE"})
        tables = {self.outputs[name] for name in ("SourcesTable", "LeadsTable", "LimitsTable", "LedgerTable")}
        expect("the tables that are left", set(self.dynamodb.list_tables()["TableNames"]), tables)
        said("deleted", "and the tables are kept")

    def names(self):
        """The name of each table, queue and secret in the template."""
        outputs = {name: name for name in ("SourcesTable", "LeadsTable", "LimitsTable", "LedgerTable")}
        outputs |= {"LeadCreatedQueueUrl": "LeadCreatedQueue", "EventBusName": "EventBus"}
        described = boto3.client("cloudformation").describe_stack_resource(StackName=STACK, LogicalResourceId="ReaderDigestKey")
        own = {described["StackResourceDetail"]["PhysicalResourceId"]: "ReaderDigestKey"}
        secrets = {self.parameters[name]: name for name in ("TrustedFormApiKeySecretArn", "PhoneLookupSecretArn")}
        return {**{self.outputs[output]: name for output, name in outputs.items()}, **secrets, **own}

    def attributes(self, queue, *names):
        return self.sqs.get_queue_attributes(QueueUrl=self.outputs[queue], AttributeNames=names)["Attributes"]

    def set(self, queue, **attributes):
        self.sqs.set_queue_attributes(QueueUrl=self.outputs[queue], Attributes=attributes)


def template(without):
    """The built template, whose functions send their names. Without one action, if given."""
    built = yaml_parse((BUILD / "template.yaml").read_text())
    name_callers(built, FUNCTIONS)
    if without:
        roles = [resource for resource in built["Resources"].values() if resource["Type"] == "AWS::IAM::Role"]
        expect(f"roles that have {without}", sum(take(without, role) for role in roles) > 0, True)
    return built


def take(action, role):
    """Removes an action from a role. Returns the number of statements that had it."""
    taken = 0
    for policy in role["Properties"]["Policies"]:
        document = policy["PolicyDocument"]
        kept = []
        for statement in document["Statement"]:
            actions = statement.get("Action", [])
            actions = [actions] if isinstance(actions, str) else actions
            if action in actions:
                taken += 1
                actions = [other for other in actions if other != action]
                statement = {**statement, "Action": actions}
            if actions or "Action" not in statement:
                kept.append(statement)
        document["Statement"] = kept
    return taken


def small_lead(certificate):
    return json.dumps({
        "metadata": {"trustedFormUrl": f"https://cert.trustedform.com/{certificate}"},
        "contact": {"phone": {"number": "+15555550123"}},
        "customer": {},
    }).encode()


def run(*command, who=None):
    """Runs a command, with the credentials of `who` if given."""
    environment = {**os.environ, **(who or {})}
    done = subprocess.run([str(part) for part in command], cwd=ROOT, text=True, capture_output=True, env=environment)
    if done.returncode != 0:
        said_last = f"{done.stdout[-8000:]}\n{done.stderr[-8000:]}"
        raise AssertionError(f"{command[0]} {command[1]} exits with {done.returncode}:\n{said_last}")
    return done.stdout


def expect(what, found, expected):
    if found != expected:
        raise AssertionError(f"{what}: {found}, and not {expected}")


def said(what, more):
    print(f"    {what}: {more}" if more else f"    {what}", flush=True)


if __name__ == "__main__":
    main()
