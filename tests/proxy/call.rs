//! Tells the functions' calls apart by their requests.

use std::fmt;

use axum::http::Method;
use axum::http::request::Parts;

/// A service that the functions call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Service {
    DynamoDb,
    Sqs,
    TrustedForm,
    PhoneLookup,
    Bus,
}

impl Service {
    /// Every service.
    pub const ALL: [Self; 5] = [Self::DynamoDb, Self::Sqs, Self::TrustedForm, Self::PhoneLookup, Self::Bus];
}

/// A call that the functions make for a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    /// Intake reads the source.
    SourceRead,
    /// Intake checks the certificate.
    TrustedForm,
    /// Intake writes the guard of a person, for a source that looks for duplicates.
    Guard,
    /// Intake takes a place within the caps of a source.
    Count,
    /// Intake writes the lead.
    Put,
    /// Intake announces the lead.
    Send,
    /// Intake gives a place back.
    GiveBack,
    /// Intake removes a guard.
    Unguard,
    /// Intake counts a refused post.
    CountRefusal,
    /// The partner's window reads how many places are taken.
    CountRead,
    /// The worker reads the lead, or intake does after a conflict or a refusal, or the partner's window does.
    LeadRead,
    /// The worker writes conversation, created event and lead.
    Open,
    /// The worker publishes events.
    Publish,
    /// The worker matches and retains the certificate.
    Retain,
    /// The worker takes the lease of a certificate.
    RetainLease,
    /// The worker lets the certificate wait.
    RetainWait,
    /// The worker takes the lease of a lead that waits for its lookup.
    Lease,
    /// The worker calls the lookup provider.
    LookUp,
    /// The worker postpones the lookup.
    Postpone,
    /// The worker writes the result of the lookup.
    Finish,
    /// The worker records which events it has published.
    Published,
    /// The sweep queries the due leads.
    Due,
    /// The sweep moves the due time of a lead.
    MoveOn,
    /// The sweep announces the lead again.
    SendAgain,
}

impl Point {
    /// Every point, in order.
    pub const ALL: [Self; 24] = [
        Self::SourceRead,
        Self::TrustedForm,
        Self::Guard,
        Self::Count,
        Self::Put,
        Self::Send,
        Self::GiveBack,
        Self::Unguard,
        Self::CountRefusal,
        Self::CountRead,
        Self::LeadRead,
        Self::Open,
        Self::Publish,
        Self::Retain,
        Self::RetainLease,
        Self::RetainWait,
        Self::Lease,
        Self::LookUp,
        Self::Postpone,
        Self::Finish,
        Self::Published,
        Self::Due,
        Self::MoveOn,
        Self::SendAgain,
    ];

    /// The point of a request.
    ///
    /// # Panics
    /// When the request is unknown. A new call needs a point here, so that the suites break it, too.
    pub(super) fn of(service: Service, parts: &Parts, body: &[u8]) -> Self {
        let operation = operation(parts);
        let body = String::from_utf8_lossy(body);
        match (service, operation) {
            (Service::TrustedForm, _) if parts.method == Method::POST => Self::Retain,
            (Service::TrustedForm, _) => Self::TrustedForm,
            (Service::PhoneLookup, _) => Self::LookUp,
            (Service::Bus, _) => Self::Publish,
            (Service::DynamoDb, "GetItem") if body.contains(r#""S":"SOURCE""#) => Self::SourceRead,
            (Service::DynamoDb, "GetItem") if body.contains(r#""COUNT#"#) => Self::CountRead,
            (Service::DynamoDb, "GetItem") => Self::LeadRead,
            (Service::DynamoDb, "PutItem") if body.contains(r#""S":"GUARD""#) => Self::Guard,
            (Service::DynamoDb, "UpdateItem") if body.contains("SET requestId") => Self::Guard,
            (Service::DynamoDb, "PutItem") => Self::Put,
            (Service::DynamoDb, "DeleteItem") => Self::Unguard,
            (Service::DynamoDb, "UpdateItem") if body.contains("ADD #day :one") => Self::Count,
            (Service::DynamoDb, "UpdateItem") if body.contains("ADD #day :less") => Self::GiveBack,
            (Service::DynamoDb, "UpdateItem") if body.contains("ADD posts :one") => Self::CountRefusal,
            (Service::DynamoDb, "TransactWriteItems") if body.contains("attribute_not_exists(conversationId)") => {
                Self::Open
            }
            (Service::DynamoDb, "TransactWriteItems") => Self::Finish,
            (Service::DynamoDb, "UpdateItem") if body.contains("REMOVE leasedUntil") => Self::Postpone,
            (Service::DynamoDb, "UpdateItem") if body.contains("SET leasedUntil") => Self::Lease,
            (Service::DynamoDb, "UpdateItem") if body.contains("retainCalled = :called") => Self::RetainLease,
            (Service::DynamoDb, "UpdateItem") if body.contains("SET retainUntil") => Self::RetainWait,
            (Service::DynamoDb, "UpdateItem") if body.contains("SET published") => Self::Published,
            (Service::DynamoDb, "UpdateItem") => Self::MoveOn,
            (Service::DynamoDb, "Query") if body.contains("externalIdKey") => Self::LeadRead,
            (Service::DynamoDb, "BatchGetItem") => Self::LeadRead,
            (Service::DynamoDb, "Query") if body.contains("IndexName") => Self::Due,
            (Service::DynamoDb, "Query") => Self::LeadRead,
            // The message is a JSON string within the request.
            (Service::Sqs, _) if body.contains(r#"\"requestId\":\"sweep\""#) => Self::SendAgain,
            (Service::Sqs, _) => Self::Send,
            (Service::DynamoDb, _) => panic!("{operation} is not a call of the functions"),
        }
    }

    /// Whether the call writes to the table of leads.
    pub(super) fn writes(self) -> bool {
        use Point::{Finish, Lease, MoveOn, Open, Postpone, Published, Put, RetainLease, RetainWait};
        matches!(self, Put | Open | Lease | Postpone | Finish | Published | RetainLease | RetainWait | MoveOn)
    }
}

/// The operation of a call to AWS; empty for other calls.
pub(super) fn operation(parts: &Parts) -> &str {
    let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    target.rsplit('.').next().unwrap_or_default()
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::SourceRead => "source read",
            Self::TrustedForm => "TrustedForm",
            Self::Guard => "guard",
            Self::Count => "count",
            Self::Put => "put",
            Self::Send => "send",
            Self::GiveBack => "give-back",
            Self::Unguard => "guard's removal",
            Self::CountRefusal => "count of refusals",
            Self::CountRead => "read of the count",
            Self::LeadRead => "lead read",
            Self::Open => "opening transaction",
            Self::Publish => "publication",
            Self::Retain => "retain",
            Self::RetainLease => "retain's lease",
            Self::RetainWait => "retain's wait",
            Self::Lease => "lease",
            Self::LookUp => "lookup",
            Self::Postpone => "postpone",
            Self::Finish => "finishing transaction",
            Self::Published => "record of publication",
            Self::Due => "sweep's query",
            Self::MoveOn => "sweep's move",
            Self::SendAgain => "sweep's send",
        })
    }
}
