"""Compares each function's role with the calls that it really made.

MiniStack denies a call that the role does not grant, so none is missing. This finds the grants that are never used.
"""

import datetime
import json
import re

import boto3

# What Lambda itself does with a function's role.
BY_LAMBDA = {"logs:CreateLogStream", "logs:PutLogEvents", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}

# The calls of functions that are looked up in the trail.
CALLED = (
    *("GetItem", "BatchGetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan", "TransactWriteItems"),
    *("SendMessage", "SendMessageBatch", "GetSecretValue", "PutEvents"),
)

# A transaction and a batch need the actions of their parts.
PARTS = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}


def name_callers(template, functions):
    """Puts each function's name into the user agent of its calls, through the variable by which the SDK names its environment. On
    AWS, Lambda sets this variable."""
    for logical_id in functions:
        environment = template["Resources"][logical_id]["Properties"]["Environment"]["Variables"]
        environment["AWS_EXECUTION_ENV"] = logical_id


def granted(template, function):
    """The permissions of a function's role, as `action resource`."""
    policies = template["Resources"][f"{function}Role"]["Properties"]["Policies"]
    statements = [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]
    allowed = set()
    for statement in statements:
        # The stack is deployed without a key of its own.
        if statement.get("Fn::If", [""])[0] == "HasKmsKey":
            continue
        statement = statement["Fn::If"][1] if "Fn::If" in statement else statement
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        allowed |= {f"{action} {named(statement['Resource'])}" for action in actions}
    return allowed


def named(resource):
    (kind, value), = resource.items()
    return {
        "Ref": lambda: value,
        "Fn::GetAtt": lambda: (value.split(".") if isinstance(value, str) else value)[0],
        "Fn::Sub": lambda: value.replace("${", "").replace(".Arn}", ""),
    }[kind]()


def made(names):
    """The calls that each function made, as `function action resource`. `names` maps a table, queue or secret to its name in
    the template."""
    calls = set()
    for event in (event for action in CALLED for event in events(action)):
        service = event["eventSource"].partition(".")[0]
        caller = re.search(r"\bexec-env/(\w+)", event["userAgent"])
        if caller:
            calls |= {f"{caller[1]} {service}:{part} {resource}" for part, resource in parts(event, names)}
    return calls


def events(action):
    """All recorded events of an action. An answer has the latest fifty, so this asks backwards in time."""
    trail, found, until = boto3.client("cloudtrail"), {}, {}
    while True:
        page = trail.lookup_events(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": action}], **until)["Events"]
        new = {event["EventId"]: json.loads(event["CloudTrailEvent"]) for event in page if event["EventId"] not in found}
        if not new:
            return found.values()
        found |= new
        until = {"EndTime": min(event["EventTime"] for event in page) + datetime.timedelta(seconds=1)}


def parts(event, names):
    sent = event["requestParameters"]
    for part in sent.get("TransactItems", []):
        (kind, item), = part.items()
        yield PARTS[kind], names[item["TableName"]]
    for table in sent.get("RequestItems", {}):
        yield event["eventName"], names[table]
    if event["eventName"] not in ("TransactWriteItems", "BatchGetItem"):
        bus = sent["Entries"][0]["EventBusName"] if "Entries" in sent and event["eventName"] == "PutEvents" else None
        resource = names[sent.get("TableName") or sent.get("QueueUrl") or sent.get("SecretId") or bus]
        index = f"/index/{sent['IndexName']}" if "IndexName" in sent else ""
        yield event["eventName"].removesuffix("Batch"), resource + index


def compare(template, functions, calls):
    """Prints the table of calls and roles. Returns the differences."""
    grants = {f"{function} {grant}" for function in functions for grant in granted(template, function)}
    differing = []
    for line in sorted(calls | grants):
        function, action, resource = line.split(" ", 2)
        if line in calls and line in grants:
            found = "granted and called"
        elif line in grants and action in BY_LAMBDA:
            found = "granted, for Lambda itself"
        else:
            found = "granted, NEVER CALLED" if line in grants else "called, NOT GRANTED"
            differing.append(f"{line}: {found}")
        print(f"    {function:12} {action:30} {resource:28} {found}")
    return differing
