"""Posts a lead with the vendor's SDK and reads it back by every call that we serve, on a running local stack.

    python tests/sdk/read.py GATEWAY TOKEN
"""

import asyncio
import datetime
import sys
import time
import urllib.request

from kiota_abstractions.api_error import APIError
from kiota_abstractions.authentication import AuthenticationProvider
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_http.httpx_request_adapter import HttpxRequestAdapter
from leadping import LeadpingOpenApiClient
from leadping.models.exact_match_filter import ExactMatchFilter
from leadping.models.lead_intake_request import LeadIntakeRequest
from leadping.models.order_by_option import OrderByOption
from leadping.models.order_by_option_direction import OrderByOption_direction
from leadping.models.range_filter import RangeFilter
from leadping.models.request_data_options import RequestDataOptions

SOURCE, KEY = "source_123", "lp_source_key"
TIMEOUT = 30  # seconds


class Bearer(AuthenticationProvider):
    def __init__(self, token):
        self.token = token

    async def authenticate_request(self, request, additional_authentication_context=None):
        request.headers.add("Authorization", f"Bearer {self.token}")


def equal(field, value):
    return ExactMatchFilter(field=field, additional_data={"value": value})


def expect(what, found, expected):
    if found != expected:
        raise AssertionError(f"{what}: {found!r}, and not {expected!r}")
    print(f"    {what}")


async def main(gateway, token):
    adapter = HttpxRequestAdapter(Bearer(token))
    adapter.base_url = gateway
    client = LeadpingOpenApiClient(adapter)

    credentials = RequestConfiguration()
    credentials.headers.add("X-Leadping-Source-Id", SOURCE)
    credentials.headers.add("X-Leadping-Source-Key", KEY)
    external_id = f"sdk-{time.time_ns()}"
    sent = LeadIntakeRequest(
        first_name="Zoë", last_name="Müller", phone="(512) 555-0123", email="zoe@example.com", state="TX", external_id=external_id, tag_ids=["tag-7"], tag_names=["webinar"],
        trusted_form_url="https://cert.trustedform.com/0123456789abcdef0123456789abcdef01234567",
    )
    posted = await client.leads.intake.post(sent, credentials)
    lead = posted.id
    print(f"    posted {lead}")

    until = time.monotonic() + TIMEOUT
    while True:
        found = await client.leads.by_id(lead).get()
        if found.additional_data.get("processingStatus") == "Ready":
            break
        if time.monotonic() > until:
            raise AssertionError("the lead is not ready")
        await asyncio.sleep(0.2)
    expect("GET /leads/{id}: the name", (found.contact.first_name, found.contact.last_name), ("Zoë", "Müller"))
    expect("its phone", found.contact.phone.number, "+15125550123")
    expect("its lookup", found.contact.phone.additional_data["lookup"]["lineType"], "Wireless")
    expect("its tags", [(tag.id, tag.name) for tag in found.tags], [("tag-7", None), (None, "webinar")])
    expect("its last change", found.modified_at >= found.created_at, True)
    expect("its external id", found.metadata.external_id, external_id)
    expect("its conversation", found.additional_data["conversation"]["isUnread"], True)
    expect("its eligibility", found.additional_data["eligibility"]["sms"]["eligible"], True)

    leads = client.leads.all.my
    page = await leads.post(RequestDataOptions(page_size=5, include_count=True))
    expect("POST /leads/all/my: the newest", page.items[0].id, lead)
    expect("its row", (page.items[0].last_name, page.items[0].phone, page.items[0].source.id), ("Müller", "+15125550123", SOURCE))
    expect("its time", page.items[0].created_at, found.created_at)
    order = [OrderByOption(field="createdAt", direction=OrderByOption_direction.Desc)]
    since = RangeFilter(field="createdAt", additional_data={"greaterThanOrEqual": found.created_at.isoformat()})
    for what, options in [
        ("a search by last name", RequestDataOptions(search="muller")),
        ("a search by phone", RequestDataOptions(search="512.555.0123")),
        ("a search by address", RequestDataOptions(search="ZOE@example.com", search_fields=["email"])),
        ("a search by id", RequestDataOptions(search=lead)),
        ("a filter by external id", RequestDataOptions(filters=[equal("externalId", external_id), equal("sourceId", SOURCE)])),
        ("a filter by state", RequestDataOptions(filters=[equal("state", "TX")], order_by=order)),
        ("a range", RequestDataOptions(range_filters=[since])),
    ]:
        page = await leads.post(options)
        expect(what, lead in [row.id for row in page.items], True)
    try:
        await leads.post(RequestDataOptions(filters=[equal("tag", "x")]))
        raise AssertionError("an unknown filter is served")
    except APIError as refused:  # it has no model for this status
        expect("an unknown filter is refused", refused.response_status_code, 400)
    first = await leads.post(RequestDataOptions(page_size=1))
    second = await leads.post(RequestDataOptions(page_size=1, continuation_token=first.continuation_token)) if first.continuation_token else None
    expect("the next page", second is None or first.items[0].id not in [row.id for row in second.items], True)

    inbox = await client.conversations.my.post(RequestDataOptions(filters=[equal("isUnread", True)]))
    mine = [conversation for conversation in inbox.items if conversation.lead_id == lead]
    expect("POST /conversations/my", [conversation.last_name for conversation in mine], ["Müller"])
    conversation = mine[0]
    expect("its status", (conversation.status.value, conversation.is_unread), ("open", True))
    of_lead = await client.conversations.lead.by_lead_id(lead).post(RequestDataOptions())
    expect("POST /conversations/lead/{leadId}", [item.id for item in of_lead.items], [conversation.id])

    # This SDK has no call for it.
    version = conversation.additional_data["eventVersion"]
    for seen, expected in [(version - 1, b"false"), (version, b"true")]:
        url = f"{gateway}/conversations/{conversation.id}/mark-read?eventVersion={seen}"
        request = urllib.request.Request(url, method="POST", headers={"Authorization": f"Bearer {token}"})
        expect(f"mark-read at version {seen}", urllib.request.urlopen(request, timeout=TIMEOUT).read(), expected)
    inbox = await client.conversations.my.post(RequestDataOptions(filters=[equal("isUnread", True)]))
    expect("it is read", lead in [conversation.lead_id for conversation in inbox.items], False)

    events = await client.events.leads.by_lead_id(lead).post(RequestDataOptions())
    kinds = [(event.event_type, event.timeline_type.value) for event in events.items]
    expected = [("lead.created", "LeadCreated"), ("phone.lookup.succeeded", "LeadUpdated"), ("lead.ready", "LeadUpdated")]
    expect("POST /events/leads/{leadId}", kinds, expected)

    sources = await client.sources.all.my.post(RequestDataOptions(page_size=100, include_count=True))
    expect("their number", sources.additional_data["totalCount"], len(sources.items))
    expect("POST /sources/all/my", SOURCE in [source.id for source in sources.items], True)
    source = await client.sources.by_id(SOURCE).get()
    expect("GET /sources/{id}", (source.id, source.enabled, source.compliance_approved, source.api_key), (SOURCE, True, True, None))
    metrics = await client.sources.by_id(SOURCE).metrics.get()
    today = datetime.datetime.now(datetime.timezone.utc).date()
    expect("GET /sources/{id}/metrics: the days", (len(metrics.points), metrics.points[-1].label), (30, str(today)))
    expect("its leads", metrics.points[-1].value >= 1 and metrics.total_leads >= 1, True)
    # A count of refusals may be lost, so the post is repeated until one is there.
    until = time.monotonic() + TIMEOUT
    while True:
        try:
            await client.leads.intake.post(LeadIntakeRequest(first_name="Zoë", email="zoe", external_id=f"{external_id}-refused"), credentials)
            raise AssertionError("an invalid lead is accepted")
        except APIError as refused:
            if refused.response_status_code != 400:
                raise
        metrics = await client.sources.by_id(SOURCE).metrics.get()
        if metrics.additional_data["totalErrors"] > 0:
            break
        if time.monotonic() > until:
            raise AssertionError("no refused post is counted")
        await asyncio.sleep(0.2)
    day = metrics.additional_data["errorPoints"][-1]
    expect("its refusals of today, by code", (day["startAt"].date(), day["errorsByCode"]["email.invalid"] >= 1), (today, True))
    analytics = await client.analytics.my.get()
    expect("GET /analytics/my", analytics.summary.leads == analytics.lead_trend.total >= 1, True)
    expect("what it does not know", (analytics.summary.calls_placed, analytics.communication_usage), (None, None))


asyncio.run(main(*sys.argv[1:]))
