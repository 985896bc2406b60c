"""Uses the client that openapi-python-client made: `run` generates and calls it.

    client.py API STUB    the running product, and the answers of a later release
"""

import sys
from http import HTTPStatus

from leadping_external_lead_intake_client import AuthenticatedClient
from leadping_external_lead_intake_client.api.leads import create_lead, intake_lead, intake_lead_by_query
from leadping_external_lead_intake_client.models import (
    Contact,
    Customer,
    FlatForm,
    FlatLead,
    FlatLeadSourceMetadata,
    GatewayAnswer,
    Gender,
    Lead,
    Metadata,
    Phone,
    Problem,
    StructuredLead,
)

api, stub = sys.argv[1:]
SOURCE = "source_123"
CERTIFICATE = "https://cert.trustedform.com/python"


def client(url):
    return AuthenticatedClient(url, "lp_source_key", prefix="", auth_header_name="X-Leadping-Source-Key")


def send(operation, url=api, **arguments):
    answer = operation.sync_detailed(client=client(url), x_leadping_source_id=SOURCE, **arguments)
    return answer.status_code, answer.parsed, answer.headers


structured = StructuredLead(
    metadata=Metadata(external_id="python-1", trusted_form_url=CERTIFICATE, price=18.5),
    contact=Contact(first_name="Jordan", phone=Phone(number="+15555550123")),
    customer=Customer(gender=Gender.M, is_homeowner=True, income=75000),
)
status, lead, headers = send(create_lead, body=structured, idempotency_key="python-1")
assert status == HTTPStatus.CREATED and isinstance(lead, Lead), (status, lead)
assert lead.contact.phone.number == "+15555550123" and lead.customer.is_homeowner is True and lead.metadata.price == 18.5
print(f"  POST /leads: {status}, {lead.processing_status}, created {lead.created_at:%Y-%m-%d}")

_, again, headers = send(create_lead, body=structured, idempotency_key="python-1")
assert again.id == lead.id and headers["idempotent-replayed"] == "true"
status, problem, _ = send(create_lead, body=StructuredLead(Metadata(), Contact(email="a@b.co"), Customer()), idempotency_key="python-1")
assert status == 422 and isinstance(problem, Problem) and problem.code == "idempotency_key.reused", problem
print(f"  POST /leads: {status}, {problem.code}")

more = FlatLeadSourceMetadata.from_dict({"placement": "homepage-form"})
flat = FlatLead(external_id="python-2", email="jordan@example.com", trusted_form_url=CERTIFICATE, tag_names=["a", "b"], source_metadata=more)
form = FlatForm(external_id="python-3", email="jordan@example.com", trusted_form_url=CERTIFICATE, tag_names=["a", "b"],
                source_metadata='{"placement": "homepage-form"}', has_bankruptcy=False, price=1.25)
for kind, body in {"JSON": flat, "form": form}.items():
    status, lead, _ = send(intake_lead, body=body)
    assert status == 201 and lead.tag_names == ["a", "b"] and lead.metadata.source_metadata["placement"] == "homepage-form", (kind, lead)
    print(f"  POST /leads/intake, {kind}: {status}")
assert lead.customer.has_bankruptcy is False and lead.metadata.price == 1.25

status, lead, _ = send(intake_lead_by_query, external_id="python-4", phone="512-555-0123", trusted_form_url=CERTIFICATE,
                       tag_names=["a", "b"], is_homeowner=True, source_metadata='{"placement": "homepage-form"}')
assert status == 201 and lead.tag_names == ["a", "b"] and lead.customer.is_homeowner is True, lead
print(f"  GET /leads/intake: {status}")

status, problem, _ = send(intake_lead, body=FlatLead(email="jordan"))
assert status == 400 and [failure.code for failure in problem.errors] == ["email.invalid", "trusted_form.required"], problem
assert problem.errors[0].pointer == "/email"
print(f"  POST /leads/intake: {status}, {[failure.code for failure in problem.errors]}")

for path, expected, kind in [("lead", 201, Lead), ("code", 422, Problem), ("failure", 400, Problem), ("status", 409, Problem),
                             ("quota", 429, Problem), ("gateway", 503, GatewayAnswer)]:
    status, found, _ = send(create_lead, f"{stub}/{path}", body=structured)
    assert status == expected and isinstance(found, kind), (path, status, found)
    shown = {Lead: "processing_status", Problem: "code", GatewayAnswer: "message"}[kind]
    print(f"  of a later release: {status}, {getattr(found, shown)}")
