"""`POST /leads` in plain Python, to compare the Rust function's CPU time and memory with.

Written as a competent user of boto3, pydantic and phonenumbers would write it, and run by AWS's runtime interface client
(`python -m awslambdaric app.handler`). Clients are built once and connections are kept. A lead takes the same calls as in
Rust: one source read, one TrustedForm check, one conditional put, one send. Its item and message follow the contract, so
the same worker finishes it.

Left out, in favor of Python: the flat intake, its forms and query strings; names in any letter case, aliases and
duplicate members; the scan for secrets; the partner's tags; the `Idempotency-Key`; metrics, and all but one log line a
lead; IDNA, and phone numbers with labels or remarks; contents that stay the same when a normalizer changes; the replay
of a stored lead whose source or certificate would be refused now; erased leads; Secrets Manager. Some edges are
looser: a TrustedForm check that has to connect twice may take three seconds, `true` passes for a whole number, fewer
spellings mean a gender, values too long for an index are an error, and problems say less.
"""

import base64
import hashlib
import hmac
import logging
import os
import re
import secrets
import ssl
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

import boto3
import phonenumbers
import simplejson as json  # a dependency of awslambdaric; it reads and writes a Decimal as an exact number
import urllib3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, HttpUrl
from pydantic import IPvAnyAddress, PlainSerializer, StringConstraints, ValidationError, ValidationInfo, model_validator
from pydantic.alias_generators import to_camel, to_snake
from pydantic_core import PydanticCustomError

log = logging.getLogger("create-lead")
log.setLevel(logging.INFO)

SOURCES_TABLE = os.environ["SOURCES_TABLE"]
LEADS_TABLE = os.environ["LEADS_TABLE"]
QUEUE_URL = os.environ["LEAD_CREATED_QUEUE_URL"]
TRUSTED_FORM_URL = os.environ.get("TRUSTED_FORM_URL", "https://cert.trustedform.com").rstrip("/")
DUE_AFTER = timedelta(seconds=int(os.environ.get("LEAD_DUE_AFTER_SECONDS", "60")))

# boto3 itself reads AWS_DEFAULT_REGION alone; Lambda sets both.
aws = boto3.Session(region_name=os.environ["AWS_REGION"])
retries = {"mode": "standard", "total_max_attempts": 3}
dynamodb = aws.client("dynamodb", config=Config(connect_timeout=0.5, read_timeout=1, retries=retries))
sqs = aws.client("sqs", config=Config(connect_timeout=0.5, read_timeout=0.5, retries={"total_max_attempts": 1}))

tls = ssl.create_default_context()
if bundle := os.environ.get("TRUSTED_FORM_CA_BUNDLE"):
    tls.load_verify_locations(bundle)
trusted_form = urllib3.PoolManager(
    ssl_context=tls,
    timeout=urllib3.Timeout(connect=1, total=2),
    retries=urllib3.Retry(connect=1, read=0, redirect=False),
    headers=urllib3.make_headers(basic_auth=f"API:{os.environ['TRUSTED_FORM_API_KEY'].strip()}"),
)

# The payload

STATES = dict(pair.split("=") for pair in """
    alabama=AL alaska=AK arizona=AZ arkansas=AR california=CA colorado=CO connecticut=CT delaware=DE florida=FL
    georgia=GA hawaii=HI idaho=ID illinois=IL indiana=IN iowa=IA kansas=KS kentucky=KY louisiana=LA maine=ME maryland=MD
    massachusetts=MA michigan=MI minnesota=MN mississippi=MS missouri=MO montana=MT nebraska=NE nevada=NV
    newhampshire=NH newjersey=NJ newmexico=NM newyork=NY northcarolina=NC northdakota=ND ohio=OH oklahoma=OK oregon=OR
    pennsylvania=PA rhodeisland=RI southcarolina=SC southdakota=SD tennessee=TN texas=TX utah=UT vermont=VT virginia=VA
    washington=WA westvirginia=WV wisconsin=WI wyoming=WY districtofcolumbia=DC washingtondc=DC puertorico=PR guam=GU
    virginislands=VI usvirginislands=VI americansamoa=AS northernmarianaislands=MP armedforcesamericas=AA
    armedforceseurope=AE armedforcespacific=AP""".split())  # fmt: skip
STATES |= {code.lower(): code for code in STATES.values()}

CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
LINE_BREAKS = re.compile(r"[\t-\r\x85\u2028\u2029]+")
PUNCTUATION = re.compile(r"[\W_]+")
ATOM, LABEL = r"[^\s@\"(),.:;<>\[\\\]]+", r"[^\W_](?:-*[^\W_])*"
EMAIL = re.compile(rf"(?=.{{1,254}}$)(?=[^@]{{1,64}}@){ATOM}(?:\.{ATOM})*@(?:{LABEL}\.)+(?!\d+$){LABEL}")


def fold(text: str) -> str:
    return PUNCTUATION.sub("", text).lower()


def clean(text: str) -> str:
    if CONTROL.search(text):
        raise PydanticCustomError("text.invalid", "Give text without control characters.")
    return LINE_BREAKS.sub(" ", text)


def email_address(text: str) -> str:
    if not EMAIL.fullmatch(text):
        raise PydanticCustomError("email.invalid", "Give one plain e-mail address, such as name@example.com.")
    local, domain = text.split("@")
    return f"{local}@{domain.lower()}"


def day_of_birth(text: str) -> str:
    latest = (datetime.now(UTC) + timedelta(hours=14)).date()
    try:
        born = date.fromisoformat(text[:10])
    except ValueError:
        born = date.min
    if not date(1900, 1, 1) <= born <= latest:
        raise PydanticCustomError("birth_date.invalid", "Give a real day as YYYY-MM-DD, from 1900 on.")
    return born.isoformat()


def timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def certificate_id(url: str) -> str:
    """Returns the id in a certificate's URL, because the URL itself is never called."""
    try:
        parsed = HttpUrl(url)
    except ValidationError:
        raise PydanticCustomError("trusted_form.invalid_url", "Give an absolute http or https URL.") from None
    standard_port = parsed.port == (443 if parsed.scheme == "https" else 80)
    if not f".{parsed.host}".endswith(".trustedform.com") or parsed.username or parsed.password or not standard_port:
        raise PydanticCustomError("trusted_form.wrong_host", "The certificate must be hosted by trustedform.com.")
    found = (parsed.path or "").rstrip("/").rpartition("/")[2].partition(",")[0]
    if not re.fullmatch(r"(?!\.{1,2}$)[A-Za-z0-9_.-]{1,255}", found):
        raise PydanticCustomError("trusted_form.rejected", "Send the URL that TrustedForm gave for this lead.")
    return found


def one_of(member: str, values: str, **spellings: str) -> Any:
    """A text that means one of the values. Case, spaces and punctuation do not matter."""
    known = {fold(value): value for value in values.split()} | spellings

    def choice(text: str) -> str:
        if value := known.get(fold(text)):
            return value
        raise PydanticCustomError(f"{member}.unsupported", "Give one of the documented values.")

    return Annotated[str, AfterValidator(choice)] | None


def free_metadata(given: Any) -> Any:
    """Turns flags into text and drops blank entries."""
    if not isinstance(given, dict):
        return given
    texts = {name: str(value).lower() if isinstance(value, bool) else value for name, value in sorted(given.items())}
    return {name: value for name, value in texts.items() if value is not None and str(value).strip()} or None


def text(longest: int, shortest: int = 0) -> Any:
    return Annotated[str, StringConstraints(min_length=shortest, max_length=longest), AfterValidator(clean)]


Text = text(1_024) | None
Price = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=6)] | None
Whole = Annotated[int, Field(ge=0, le=2_147_483_647)] | None
GENDERS, MARITAL_STATUSES = "M F NonBinary PreferNotToSay Other Unknown", "Married Single Widow Separated Divorced"
EMPLOYMENTS = "Employed PartTime SelfEmployed Contractor Unemployed Retired Student Military Homemaker Disabled Other"
Gender = one_of("gender", GENDERS, male="M", man="M", female="F", woman="F", x="NonBinary", u="Unknown", na="Unknown")
MaritalStatus = one_of("marital_status", MARITAL_STATUSES, nevermarried="Single", widowed="Widow", widower="Widow")
EmploymentType = one_of("employment_type", EMPLOYMENTS, fulltime="Employed", notemployed="Unemployed")
FreeMetadata = Annotated[dict[text(64, shortest=1), text(1_024)], Field(max_length=50)] | None


class Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, coerce_numbers_to_str=True, str_strip_whitespace=True)

    @model_validator(mode="before")
    @classmethod
    def without_blanks(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {name: value for name, value in given.items() if not isinstance(value, str) or value.strip()}


def allowed_product(product: str | None, info: ValidationInfo) -> str | None:
    if allowed := info.context["allowedProducts"]:
        if product is None:
            raise PydanticCustomError("product.required", "This source's leads need a product.")
        if product.lower() not in (known.strip().lower() for known in allowed):
            raise PydanticCustomError("product.not_allowed", "This source may not send leads for this product.")
    return product


def certificate(url: str | None, info: ValidationInfo) -> str | None:
    if url is not None:
        certificate_id(url)
    elif info.context["requiresTrustedForm"]:
        raise PydanticCustomError("trusted_form.required", "Give the URL of the lead's TrustedForm certificate.")
    return url


class Metadata(Model):
    external_id: Text = None
    seller_lead_id: Text = None
    sub_id: Text = None
    pub_id: Text = None
    utm_source: Text = None
    utm_medium: Text = None
    utm_campaign: Text = None
    utm_term: Text = None
    utm_content: Text = None
    product: Annotated[Text, AfterValidator(allowed_product)] = Field(None, validate_default=True)
    vertical: Text = None
    referrer: text(8_192) | None = None
    landing_page: text(8_192) | None = None
    trusted_form_url: Annotated[text(2_048) | None, AfterValidator(certificate)] = Field(None, validate_default=True)
    price: Price = None
    direct_post_price: Price = None
    ip_address: Annotated[IPvAnyAddress, PlainSerializer(str)] | None = None
    user_agent: Text = None
    created_at: Annotated[AwareDatetime, PlainSerializer(timestamp)] | None = None
    source_metadata: Annotated[FreeMetadata, BeforeValidator(free_metadata)] = None


class Phone(Model):
    number: Text = None
    type: Text = None
    extension: Text = None

    @model_validator(mode="before")
    @classmethod
    def bare(cls, given: Any) -> Any:
        return given if isinstance(given, dict) else {"number": given}

    @model_validator(mode="after")
    def possible(self) -> "Phone":
        if self.number is not None:
            try:
                parsed = phonenumbers.parse(self.number, "US")
                is_possible = phonenumbers.is_possible_number(parsed) and len(str(parsed.national_number)) == 10
            except phonenumbers.NumberParseException:
                is_possible = False
            if not is_possible or parsed.country_code != 1:
                raise PydanticCustomError("phone.not_possible", "Give one possible U.S. phone number of ten digits.")
            self.number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
            self.extension = self.extension or parsed.extension
        return self


class StreetAddress(Model):
    address1: Text = None
    address2: Text = None
    city: Text = None
    state: Annotated[text(1_024), AfterValidator(lambda state: STATES.get(fold(state), state))] | None = None
    postal_code: Text = None
    country: Text = None


def method(phone: Phone | None, info: ValidationInfo) -> Phone | None:
    if (phone is None or phone.number is None) and info.data.get("email", "invalid") is None:
        raise PydanticCustomError("contact.method_required", "Give an email address or a phone number, or both.")
    return phone


def allowed_state(address: StreetAddress | None, info: ValidationInfo) -> StreetAddress | None:
    if allowed := info.context["allowedStates"]:
        if address is None or address.state is None:
            raise PydanticCustomError("state.required", "This source's leads need a state.")
        if address.state not in allowed:
            raise PydanticCustomError("state.not_allowed", "This source may not send leads of this state.")
    return address


class Contact(Model):
    first_name: Text = None
    last_name: Text = None
    email: Annotated[str, AfterValidator(email_address)] | None = None
    phone: Annotated[Phone | None, AfterValidator(method)] = Field(None, validate_default=True)
    street_address: Annotated[StreetAddress | None, AfterValidator(allowed_state)] = Field(None, validate_default=True)
    time_zone_id: Text = None


class Customer(Model):
    birth_date: Annotated[str, AfterValidator(day_of_birth)] | None = None
    gender: Gender = None
    marital_status: MaritalStatus = None
    employment_type: EmploymentType = None
    height: Whole = None
    weight: Whole = None
    income: Whole = None
    months_at_residence: Whole = None
    credit_score: Whole = None
    number_of_dependents: Whole = None
    is_homeowner: bool | None = None
    has_bankruptcy: bool | None = None
    has_medical_condition: bool | None = None


class Lead(Model):
    metadata: Metadata
    contact: Contact
    customer: Customer


# Answers

PROBLEMS = {
    "payload.malformed": (400, "malformed", "The payload cannot be read"),
    "validation": (400, "validation", "Lead validation failed"),
    "credentials.invalid": (401, "unauthorized", "Source credentials are missing or wrong"),
    "source.disabled": (403, "forbidden", "The source may not send leads"),
    "source.not_attached": (403, "forbidden", "The source may not send leads"),
    "payload.too_large": (413, "too-large", "The payload is too large"),
    "payload.media_type": (415, "unsupported-media-type", "The payload's media type is not supported"),
    "internal.error": (500, "internal", "Something went wrong here"),
    "trusted_form.unavailable": (503, "unavailable", "TrustedForm is unavailable"),
    "storage.unavailable": (503, "unavailable", "Storage is unavailable"),
}
MORE_HEADERS = {401: {"WWW-Authenticate": 'LeadpingSource realm="leads"'}, 503: {"Retry-After": "5"}}
POINTERS = {
    "trusted_form.required": "/metadata/trustedFormUrl",
    "contact.method_required": "/contact",
    "phone.not_possible": "/contact/phone/number",
    "state.required": "/contact/streetAddress/state",
    "state.not_allowed": "/contact/streetAddress/state",
}


class Problem(Exception):
    def __init__(self, code: str, errors: list[dict] | None = None):
        self.code, self.errors = code, errors


def failure(error: dict) -> dict:
    """Converts an error of pydantic into a failure of the contract."""
    path, kind = [str(part) for part in error["loc"] if part != "[key]"], error["type"]
    if "." in kind:
        code = kind
    elif kind == "missing":
        code = f"{path[-1]}.required"
    elif kind.endswith("_type"):
        code = "payload.type"
    elif "sourceMetadata" in path:
        code = "source_metadata.too_large"
    elif kind == "string_too_long":
        code = "text.invalid"
    else:
        code = f"{'captured_at' if path[-1] == 'createdAt' else to_snake(path[-1])}.invalid"
    return {"code": code, "pointer": POINTERS.get(code, "/" + "/".join(path)), "detail": error["msg"]}


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def answer(status: int, body: str, headers: dict, request_id: str) -> dict:
    headers = {**headers, "X-Request-Id": request_id, "Cache-Control": "no-store"}
    return {"statusCode": status, "headers": headers, "body": body, "isBase64Encoded": False}


def refuse(problem: Problem, path: str, request_id: str) -> dict:
    status, slug, title = PROBLEMS[problem.code]
    body = {"type": f"https://leadping.ai/docs/errors/{slug}", "title": title, "status": status, "code": problem.code}
    body |= {"instance": path, "requestId": request_id}
    if problem.errors:
        body |= {"detail": f"Problems found: {len(problem.errors)}.", "errors": problem.errors[:100]}
    headers = {"Content-Type": "application/problem+json", **MORE_HEADERS.get(status, {})}
    return answer(status, compact(body), headers, request_id)


# The way of a lead


def authenticate(headers: dict, now: str) -> dict:
    source_id, key = headers.get("x-leadping-source-id", "").strip(), headers.get("x-leadping-source-key", "").strip()
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", source_id) or not key:
        raise Problem("credentials.invalid")
    found = dynamodb.get_item(TableName=SOURCES_TABLE, Key={"pk": {"S": f"SOURCE#{source_id}"}, "sk": {"S": "SOURCE"}})
    source = json.loads(found["Item"]["document"]["S"]) if "Item" in found else {"keys": []}
    live = [known["sha256"] for known in source["keys"] if known["expiresAt"] is None or now < known["expiresAt"]]
    presented = hashlib.sha256(key.encode()).hexdigest()
    # A list, so that every key is compared. An unknown source is compared with a dummy hash.
    if not any([hmac.compare_digest(stored, presented) for stored in live or ["0" * 64]]):
        raise Problem("credentials.invalid")
    if not source["enabled"]:
        raise Problem("source.disabled")
    if not source["accountId"] or not source["businessId"]:
        raise Problem("source.not_attached")
    return source


def read(event: dict, source: dict) -> Lead:
    media_type = event["headers"].get("content-type", "application/json").partition(";")[0].strip().lower()
    if not re.fullmatch(r"application/(.+\+)?json", media_type) or "content-encoding" in event["headers"]:
        raise Problem("payload.media_type")
    body = event.get("body") or ""
    body = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    if len(body) > 256 * 1024:
        raise Problem("payload.too_large")
    try:
        payload = json.loads(body.decode("utf-8-sig"), use_decimal=True)
    except ValueError:
        payload = None
    if not isinstance(payload, dict):
        raise Problem("payload.malformed", [{"code": "payload.malformed", "pointer": "", "detail": "Send an object."}])
    failures = [] if source["approved"] else [{"code": "source.not_approved", "detail": "Ask Leadping to approve it."}]
    try:
        lead = Lead.model_validate(payload, context=source)
    except ValidationError as invalid:
        errors = invalid.errors(include_url=False, include_context=False, include_input=False)
        failures += [failure(error) for error in errors]
    if failures:
        raise Problem("validation", failures)
    return lead


def verify(url: str) -> None:
    try:
        response = trusted_form.request("GET", f"{TRUSTED_FORM_URL}/{certificate_id(url)}/validate")
    except urllib3.exceptions.HTTPError:
        raise Problem("trusted_form.unavailable") from None
    try:
        said = response.json()
        outcome, reason = said["outcome"], said.get("reason", "")
    except (ValueError, KeyError, TypeError):
        outcome, reason = None, ""
    if response.status == 200 and outcome == "success":
        return
    if response.status in (400, 404, 405, 406, 410, 422) or (response.status == 200 and outcome == "failure"):
        too_old = response.status == 410 or any(sign in reason.lower() for sign in ("days old", "expired", "too old"))
        code, detail = "trusted_form.expired" if too_old else "trusted_form.rejected", "TrustedForm does not accept it."
        raise Problem("validation", [{"code": code, "pointer": "/metadata/trustedFormUrl", "detail": detail}])
    raise Problem("trusted_form.unavailable")


def identity(source: dict, lead: Lead) -> tuple[str, str]:
    """Returns the lead's id, which is the same for every repeat, and the digest of its content."""
    left_out = {"metadata": {"ip_address", "user_agent"}}
    content = lead.model_dump_json(by_alias=True, exclude_none=True, exclude=left_out)
    metadata = lead.metadata
    if not (metadata.external_id or metadata.seller_lead_id or metadata.trusted_form_url):
        content = secrets.token_hex(32)
    digest = hashlib.sha256(f"python 1\n{source['salt']}\n{source['id']}\n{content}".encode()).digest()
    return "lead_" + base64.b32encode(digest[:20]).decode().lower(), digest.hex()


def to_item(lead: dict, document: str, content: str, request_id: str, now: datetime) -> dict:
    source_id, business_id, last = lead["sourceId"], lead["metadata"]["businessId"], ord(lead["id"][-1])
    texts = {"pk": f"LEAD#{lead['id']}", "sk": "LEAD", "document": document, "content": content}
    texts |= {name: lead[name] for name in ("sourceId", "accountId", "createdAt", "processingStatus")}
    texts |= {"businessId": business_id, "requestId": request_id, "dueAt": timestamp(now + DUE_AFTER)}
    texts["dayKey"] = f"{source_id}#{now:%Y-%m-%d}#{last % 4}"
    if external_id := lead["metadata"].get("externalId"):
        texts["externalIdKey"] = f"{source_id}#{external_id}"
    if number := lead["contact"].get("phone", {}).get("number"):
        texts["phoneKey"] = f"{business_id}#{number}"
    if email := lead["contact"].get("email"):
        texts["emailKey"] = f"{business_id}#{email.lower()}"
    numbers = {"schemaVersion": {"N": "1"}, "unfinishedShard": {"N": str(last % 64)}}
    return numbers | {name: {"S": value} for name, value in texts.items()}


def put(item: dict) -> dict | None:
    """Writes a lead unless it is already stored. Returns the stored item in that case."""
    condition = {"ConditionExpression": "attribute_not_exists(pk)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    try:
        dynamodb.put_item(TableName=LEADS_TABLE, Item=item, **condition)
        return None
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("ConditionalCheckFailedException", "TransactionConflictException"):
            raise
        stored = error.response.get("Item")
    if not stored:
        key = {"pk": item["pk"], "sk": item["sk"]}
        stored = dynamodb.get_item(TableName=LEADS_TABLE, Key=key, ConsistentRead=True)["Item"]
    # boto3's retry may have found the item of its first try.
    return None if stored["requestId"] == item["requestId"] else stored


def announce(lead: dict, request_id: str) -> None:
    """Announces the lead to the worker. If that fails, the sweep does it later."""
    message = {"type": "lead.created", "version": 1, "leadId": lead["id"], "sourceId": lead["sourceId"]}
    message |= {"accountId": lead["accountId"], "businessId": lead["metadata"]["businessId"]}
    message |= {"createdAt": lead["createdAt"], "requestId": request_id}
    try:
        sqs.send_message(QueueUrl=QUEUE_URL, MessageBody=compact(message))
    except (BotoCoreError, ClientError) as error:
        log.warning("the lead waits for the sweep: %s", type(error).__name__)


def accept(event: dict, request_id: str) -> dict:
    now = datetime.now(UTC)
    source = authenticate(event["headers"], timestamp(now))
    payload = read(event, source)
    lead_id, content = identity(source, payload)
    if payload.metadata.trusted_form_url:
        verify(payload.metadata.trusted_form_url)
    lead = {
        "id": lead_id,
        "createdAt": timestamp(now),
        "sourceId": source["id"],
        "accountId": source["accountId"],
        **payload.model_dump(by_alias=True, exclude_none=True),
        "tagIds": source["defaultTagIds"],
        "tagNames": source["defaultTagNames"],
        "processingStatus": "Enriching",
    }
    lead["metadata"]["businessId"] = source["businessId"]
    document, headers = compact(lead), {"Content-Type": "application/json"}
    if stored := put(to_item(lead, document, content, request_id, now)):
        lead = json.loads(stored["document"]["S"], use_decimal=True)
        lead["processingStatus"] = stored["processingStatus"]["S"]
        log.info("replayed %s", lead_id)
        return answer(201, compact(lead), {**headers, "Idempotent-Replayed": "true"}, request_id)
    announce(lead, request_id)
    log.info("accepted %s", lead_id)
    return answer(201, document, headers, request_id)


def handler(event: dict, context: Any) -> dict:
    request_id = event["requestContext"].get("requestId") or context.aws_request_id
    try:
        return accept(event, request_id)
    except Problem as refused:
        problem = refused
    except (BotoCoreError, ClientError) as error:
        log.error("storage is unavailable: %s", type(error).__name__)
        problem = Problem("storage.unavailable")
    except Exception as error:
        log.error("unexpected: %s", type(error).__name__)
        problem = Problem("internal.error")
    log.info("refused: %s", problem.code)
    return refuse(problem, event["rawPath"], request_id)
