//! The schemas of what users read.

use serde_json::{Map, Value, json};

use crate::problem;

/// Each schema, by name.
pub(super) fn all() -> Map<String, Value> {
    let text = |about: &str| json!({"type": "string", "description": about});
    let time = |about: &str| json!({"type": "string", "format": "date-time", "description": about});
    let flag = |about: &str| json!({"type": "boolean", "description": about});
    let number = |about: &str| json!({"type": "integer", "description": about});
    let texts = |about: &str| json!({"type": "array", "items": {"type": "string"}, "description": about});
    let of = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let object = |about: &str, required: &[&str], properties: Value| json!({"type": "object", "description": about, "required": required, "properties": properties});
    let list = |about: &str, name: &str| json!({"type": "array", "items": of(name), "description": about});
    let or_null = |schema: Value| json!({"anyOf": [schema, {"type": "null"}]});
    let page = |row: &str| {
        object(
            "A page. Only a page whose continuationToken is null is the last one.",
            &["items", "pageSize", "totalCount", "continuationToken"],
            json!({
                "items": list("The items.", row),
                "pageSize": number("The most items of a page."),
                "totalCount": {"type": ["integer", "null"], "description": "If it was asked for and is known."},
                "continuationToken": {"type": ["string", "null"], "description": "For the next page."},
            }),
        )
    };
    let channel = object(
        "Whether the person may be reached this way.",
        &["eligible", "reasons"],
        json!({
            "eligible": flag("Whether there is no reason against it."), "reasons": texts("The reasons against it."),
        }),
    );
    let eligibility = object(
        "Whether the person may be texted and called.",
        &["sms", "call"],
        json!({"sms": channel, "call": channel}),
    );
    let event = object(
        "An event of a lead.",
        &["id", "eventType", "timelineType", "sequence", "leadId", "createdAt"],
        json!({
            "id": text("Its id."), "eventType": text("What happened, such as lead.created."),
            "timelineType": {"enum": ["LeadCreated", "LeadUpdated"], "description": "The same, as the vendor's clients know it."},
            "sequence": number("1, 2, 3 and so on for each lead."), "summary": text("What happened, for people."),
            "leadId": text("The lead."), "conversationId": text("Its conversation."), "sourceId": text("Its source."),
            "businessId": text("Its business."), "eligibility": of("Eligibility"), "createdAt": time("When it happened."),
        }),
    );
    let named = object("A source by its name.", &["id"], json!({"id": text("Its id."), "name": text("Its name.")}));
    let tag = object("A tag, by its id or its name.", &[], json!({"id": text("Its id."), "name": text("Its name.")}));
    let conversation = object(
        "A conversation.",
        &["id", "leadId", "status", "isUnread", "eventVersion", "lastEventAt"],
        json!({
            "id": text("Its id."), "leadId": text("Its lead."), "sourceId": text("The lead's source."),
            "firstName": text("The person's first name."), "lastName": text("The person's last name."),
            "email": text("The person's e-mail address."), "leadPhoneNumber": text("The person's number, in E.164."),
            "status": text("Always open in this release."), "isUnread": flag("Whether it has news that no user has read."),
            "isArchived": flag("Always false."), "lastSnippet": text("What happened last."),
            "lastEventAt": time("When it last moved to the top."), "eventVersion": number("The sequence of its last event."),
            "createdAt": time("When it was opened."),
        }),
    );
    let row = object(
        "A lead in a list.",
        &["id", "createdAt", "status", "processingStatus", "source"],
        json!({
            "id": text("Its id."), "createdAt": time("When it was accepted."), "firstName": text("The person's first name."),
            "lastName": text("The person's last name."), "phone": text("The person's number, in E.164."),
            "email": text("The person's e-mail address."), "status": text("As processingStatus."),
            "processingStatus": text("Enriching or Ready."), "isArchived": flag("Always false."), "source": of("SourceName"),
            "externalId": text("The source's id of the lead."), "state": text("The person's state."), "product": text("The product."),
            "price": {"type": "number", "description": "The price."}, "lineType": text("The line, if it was looked up."),
            "consentStatus": text("The consent, if the source retains certificates."), "tags": list("Its tags.", "Tag"),
        }),
    );
    let source = object(
        "A source, never with a key.",
        &["id", "name", "enabled", "complianceApproved"],
        json!({
            "id": text("Its id."), "name": text("Its name."), "businessId": text("Its business."),
            "enabled": flag("Whether it may send."), "attached": flag("Whether it has an account and a business. Without both it may not send."), "complianceApproved": flag("Whether it has passed its compliance review."),
            "requiresTrustedForm": flag("Whether each lead needs a certificate."),
            "retainCertificates": flag("Whether certificates are matched and retained."),
            "allowedStates": texts("Any if empty."), "allowedProducts": texts("Any if empty."),
            "limits": object("How many new leads are accepted, if there is a limit. 0 pauses the source.", &["timeZone"], json!({
                "day": number("In a day."), "hour": number("In an hour."), "timeZone": text("Where the day and the hour begin."),
            })),
            "duplicates": object("What happens when a person comes again, if anything.", &["by", "days", "scope", "action"], json!({
                "by": texts("What identifies a person: phone, email."), "days": number("How long a lead counts as an earlier one."),
                "scope": {"enum": ["source", "business"], "description": "Whose earlier leads count."},
                "action": {"enum": ["flag", "refuse"], "description": "flag accepts the lead and marks it, refuse answers 409."},
            })),
            "defaultTagIds": texts("Tags of each lead."), "createdAt": time("When it was created."),
        }),
    );
    let range = object(
        "A range of time.",
        &["startAt", "endAt"],
        json!({"startAt": time("Its start."), "endAt": time("Its end, not included.")}),
    );
    let codes =
        |about: &str| json!({"type": "object", "additionalProperties": {"type": "integer"}, "description": about});
    let day = |value: &str| {
        json!({
            "startAt": time("Its start."), "endAt": time("Its end."), "label": text("The day."), "value": number(value),
        })
    };
    let point = object("A day.", &["startAt", "endAt", "label", "value"], day("The leads."));
    let mut of_refusals = day("The refused posts.");
    of_refusals["errorsByCode"] = codes("How many of them had each code. A post can have several.");
    let refusals =
        object("The refused posts of a day.", &["startAt", "endAt", "label", "value", "errorsByCode"], of_refusals);
    let comparison = object(
        "This period and the one before.",
        &["current", "previous", "direction"],
        json!({
            "current": number("This period."), "previous": number("The one before."), "direction": {"enum": ["up", "down", "flat"]},
        }),
    );
    let metrics = object(
        "Leads of a source.",
        &["range", "totalLeads", "points", "totalErrors", "errorPoints", "errorsByCode", "generatedAt"],
        json!({
            "range": of("DateRange"), "totalLeads": number("Their number."), "points": list("Per day.", "TrendPoint"),
            "totalErrors": number("Refused posts. A count may be lost."), "errorPoints": list("Refused posts per day and code.", "RefusalPoint"),
            "errorsByCode": codes("Refused posts of all days by code."),
            "generatedAt": time("When they were counted."),
        }),
    );
    let share = object(
        "The leads of a source.",
        &["source", "sourceId", "leads", "percent"],
        json!({
            "source": text("Its name."), "sourceId": text("Its id."), "leads": number("Their number."),
            "percent": {"type": "number", "description": "Of all leads."},
        }),
    );
    let attention = object(
        "Something to look at.",
        &["severity", "title", "detail", "sourceId"],
        json!({
            "severity": text("How urgent it is: warning or info."), "title": text("What it is."), "detail": text("More of it."), "sourceId": text("The source."),
        }),
    );
    let analytics = object(
        "Leads of the business.",
        &["range", "summary", "leadTrend", "leadSources", "needsAttention", "attentionIsComplete", "generatedAt"],
        json!({
            "range": of("DateRange"),
            "summary": object("In short.", &["leads", "leadsComparison"], json!({
                "leads": {"type": ["integer", "null"], "description": "Their number. null if there are too many to count."},
                "leadsComparison": or_null(of("Comparison")),
            })),
            "leadTrend": or_null(object("Over time. null if there are too many leads to count.", &["total", "comparison", "points"], json!({
                "total": number("Their number."), "comparison": or_null(of("Comparison")), "points": list("Per day.", "TrendPoint"),
            }))),
            "leadSources": or_null(list("Per source. null if there are more than 100 sources, or if sources times days with leads exceed 500.", "SourceShare")),
            "needsAttention": list("What needs attention.", "Attention"),
            "attentionIsComplete": flag("Whether every source was checked."), "generatedAt": time("When they were counted."),
        }),
    );
    let detail = json!({"description": "A lead with what is known about it.", "allOf": [of("Lead"), object("What users see.", &["source", "eligibility", "events"], json!({
        "businessId": text("Its business."), "source": of("SourceName"), "isArchived": flag("Always false."),
        "tags": list("tagIds and tagNames in one list.", "Tag"), "modifiedAt": time("When its last event happened."),
        "eligibility": of("Eligibility"), "conversation": of("Conversation"), "events": list("The timeline.", "LeadEvent"),
        "consent": {"type": "object", "description": "The consent, if the source retains certificates."},
        "duplicateOf": text("The earlier lead of the same person, if the source marks duplicates and there is one."),
    }))]});
    let mut failure = problem::failure();
    failure["properties"]["code"] = json!({"type": "string", "description": "What is wrong: a code of the problem."});
    failure["properties"]["parameter"] = text("The parameter of the query string, if it is the cause.");
    let named_schemas = [
        ("LeadDetail", detail),
        ("LeadRow", row),
        ("LeadPage", page("LeadRow")),
        ("Eligibility", eligibility),
        ("LeadEvent", event),
        ("EventPage", page("LeadEvent")),
        ("SourceName", named),
        ("Tag", tag),
        ("Conversation", conversation),
        ("ConversationPage", page("Conversation")),
        ("UserSource", source),
        ("SourcePage", page("UserSource")),
        ("DateRange", range),
        ("TrendPoint", point),
        ("RefusalPoint", refusals),
        ("Comparison", comparison),
        ("SourceMetrics", metrics),
        ("SourceShare", share),
        ("Attention", attention),
        ("Analytics", analytics),
        ("Problem", problem::schema_of(super::problems())),
        ("Failure", failure),
    ];
    named_schemas.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}
