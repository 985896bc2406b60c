//! A dry run answers what the intake answers (contract, section 9).

use serde_json::Value;
use serde_json::value::RawValue;

/// What of an answer is compared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said<'a> {
    pub(super) status: u16,
    pub(super) text: &'a str,
    /// Whether it has `Idempotent-Replayed`.
    pub(super) replayed: bool,
}

/// What of the dry run differs from the real answer that came after it.
pub(super) fn differs(dry: Said<'_>, real: Said<'_>) -> Option<String> {
    let body: Value = serde_json::from_str(dry.text).unwrap_or_default();
    let lead: Value = serde_json::from_str(real.text).unwrap_or_default();
    if real.status != 201 && lead.get("requestId").is_none() {
        // The gateway's own answer.
        return ((dry.status, dry.text) != (real.status, real.text)).then(|| format!("{} {}", dry.status, dry.text));
    }
    if body["dryRun"] != true {
        return Some(format!("dryRun: {}", body["dryRun"]));
    }
    if real.status != 201 {
        let same = dry.status == real.status && problem(dry.text) == problem(real.text);
        return (!same).then(|| format!("{} {}, not {} {}", dry.status, dry.text, real.status, real.text));
    }
    if (dry.status, &body["wouldAnswer"], &body["duplicates"]) != (200, &201.into(), &"not checked".into()) {
        return Some(format!("{} {}, not 200", dry.status, dry.text));
    }
    if real.replayed {
        let same = body["replayOf"] == lead["id"] && body.get("lead").is_none();
        return (!same).then(|| format!("no replay: {}", dry.text));
    }
    let draft = member(dry.text, "lead");
    let same = body["replayOf"].is_null() && draft.as_deref() == Some(&draft_of(real.text));
    (!same).then(|| format!("{}, not {}", dry.text, real.text))
}

/// A problem without the three members in which a dry run differs. `instance` and `requestId` are next to each other.
fn problem(text: &str) -> String {
    let text = text.replace(r#","dryRun":true"#, "");
    let Some((before, after)) = text.split_once(r#","instance":""#) else { return text };
    let id = after.find(r#","requestId":""#).map_or(after, |at| &after[at + r#","requestId":""#.len()..]);
    // The id is a JSON string, which may have escaped quotation marks.
    let mut escaped = false;
    let end = id.find(|c| {
        let is_end = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        is_end
    });
    format!("{before}{}", end.map_or("", |end| &id[end + 1..]))
}

/// The text of a member of a JSON object.
fn member(text: &str, name: &str) -> Option<String> {
    let mut members: std::collections::BTreeMap<String, Box<RawValue>> = serde_json::from_str(text).ok()?;
    members.remove(name).map(|value| value.get().to_owned())
}

/// A lead's text without what only a stored lead has. Each is a text without escapes.
fn draft_of(lead: &str) -> String {
    let mut draft = lead.to_owned();
    for name in ["id", "createdAt", "processingStatus"] {
        let value = member(lead, name).unwrap_or_default();
        let pair = format!(r#""{name}":{value}"#);
        // The id is first, the status last.
        draft = match draft.strip_prefix(&format!("{{{pair},")) {
            Some(rest) => format!("{{{rest}"),
            None => draft.replacen(&format!(",{pair}"), "", 1),
        };
    }
    draft
}

#[test]
fn three_members_are_left_out() {
    let real = r#"{"type":"t","instance":"/leads","requestId":"a\"b","errors":[]}"#;
    let dry = r#"{"type":"t","instance":"/leads/validate","requestId":"c","dryRun":true,"errors":[]}"#;
    fn said(status: u16, text: &str) -> Said<'_> {
        Said { status, text, replayed: false }
    }
    assert_eq!(differs(said(400, dry), said(400, real)), None);
    assert!(differs(said(400, real), said(400, real)).is_some());
    assert!(differs(said(403, dry), said(400, real)).is_some());
    assert!(differs(said(400, &dry.replace(":[]", ":[1]")), said(400, real)).is_some());
    let lead =
        r#"{"id":"lead_a","createdAt":"now","sourceId":"s","metadata":{"price":1.50},"processingStatus":"Enriching"}"#;
    let dry = r#"{"dryRun":true,"wouldAnswer":201,"replayOf":null,"duplicates":"not checked","lead":{"sourceId":"s","metadata":{"price":1.50}}}"#;
    assert_eq!(differs(said(200, dry), said(201, lead)), None);
    assert!(differs(said(200, &dry.replace("1.50", "1.5")), said(201, lead)).is_some());
    assert!(differs(said(200, dry), Said { replayed: true, ..said(201, lead) }).is_some());
}
