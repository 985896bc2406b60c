use super::*;
use crate::payload::Position;

#[test]
fn says_why_and_where() {
    let failures = vec![Failure::at(Code::EmailInvalid, "/email"), Failure::general(Code::SourceNotApproved)];
    let body = Problem::Validation(failures).to_json("/leads/intake", "r-1");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        body,
        serde_json::json!({
            "type": "https://leadping.ai/docs/errors/validation",
            "title": "Lead validation failed",
            "status": 400,
            "code": "validation",
            "detail": "2 problems were found.",
            "instance": "/leads/intake",
            "requestId": "r-1",
            "errors": [
                {"code": "email.invalid", "pointer": "/email", "detail": Code::EmailInvalid.detail()},
                {"code": "source.not_approved", "detail": Code::SourceNotApproved.detail()},
            ],
        })
    );
}

#[test]
fn what_is_malformed_says_where() {
    let body = Problem::Malformed(Malformed::NotJson(Position { line: 3, column: 28 })).to_json("/leads", "r-1");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    let detail = "This is not valid JSON at line 3, column 28. Send one JSON object in UTF-8.";
    assert_eq!(body["detail"], detail);
    assert_eq!(body["errors"], serde_json::json!([{"code": "payload.malformed", "pointer": "", "detail": detail}]));
}

#[test]
fn a_dry_run_answers_the_same_problem_and_says_so() {
    for problem in Problem::each() {
        let real = problem.to_json("/leads", "r");
        let dry = problem.to_json("/leads/validate", "r");
        let cut = dry.replace("/leads/validate", "/leads").replace(r#","dryRun":true"#, "");
        assert!(dry.contains(r#","requestId":"r","dryRun":true"#) && cut == real, "{dry}");
    }
}

#[test]
fn a_reached_cap_names_itself() {
    let body = Problem::QuotaExceeded(examples::usage(500)).to_json("/leads", "r");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["violated-policies"], serde_json::json!(["day"]));
    assert!(body["detail"].as_str().unwrap().contains("Retry-After"));
    let body = Problem::QuotaExceeded(examples::usage(0)).to_json("/leads", "r");
    assert!(body.contains("The source is paused") && !body.contains("Retry-After"), "{body}");
    assert!(!Problem::Duplicate.to_json("/leads", "r").contains("violated"));
}

#[test]
fn a_refusal_by_a_limit_ends_by_itself() {
    for problem in Problem::each() {
        let is_limit = LIMIT_CODES.contains(&problem.code());
        let expected = match problem.status().as_u16() {
            500.. => PostEnd::Unavailable,
            _ if is_limit => PostEnd::Limited,
            _ => PostEnd::Refused,
        };
        assert_eq!(problem.end(), expected, "{}", problem.code());
        // Attention to refused posts leaves them out by this code, so they have no other.
        assert!(!is_limit || problem.failure_codes() == [problem.code()], "{}", problem.code());
    }
}

#[test]
fn only_a_400_lists_errors() {
    let cases = [
        (Problem::Malformed(Malformed::Empty), 400, true),
        (Problem::InvalidIdempotencyKey, 400, true),
        (Problem::Unauthorized, 401, false),
        (Problem::Forbidden(Barred::Disabled), 403, false),
        (Problem::TooLarge, 413, false),
        (Problem::UnsupportedMediaType, 415, false),
        (Problem::IdempotencyKeyReused, 422, false),
        (Problem::Duplicate, 409, false),
        (Problem::QuotaExceeded(examples::usage(500)), 429, false),
        (Problem::Internal, 500, false),
        (Problem::TrustedFormUnavailable, 503, false),
        (Problem::StorageUnavailable, 503, false),
    ];
    for (problem, status, lists) in cases {
        let body: serde_json::Value = serde_json::from_str(&problem.to_json("/leads", "r")).unwrap();
        assert_eq!((problem.status().as_u16(), &body["status"]), (status, &status.into()));
        assert_eq!(body.get("errors").is_some(), lists, "{problem:?}");
    }
}
