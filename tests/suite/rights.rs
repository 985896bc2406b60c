//! Who may do what on a deployed stack, and how its data is kept from others. The stack test tries the roles with IAM enforced.

use std::collections::BTreeSet;

use leadping::store::schema;
use serde_json::{Value, json};
use tests::template::{self, resources};

use crate::template::{strings, with_member};

#[test]
fn the_worker_may_query_the_index_of_the_sweep() {
    let index = format!("${{LeadsTable.Arn}}/index/{}", schema::UNFINISHED.name);
    let role = template::read()["Resources"]["ProcessLeadRole"].to_string();
    assert!(role.contains(&json!({"Action": "dynamodb:Query", "Effect": "Allow", "Resource": index}).to_string()));
}

/// The intake writes limits, and reads none: each condition is part of a write.
#[test]
fn the_intake_may_only_write_the_table_of_limits() {
    let template = template::read();
    for (role, actions) in [
        ("CreateLeadRole", &["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"][..]),
        ("IntakeLeadRole", &["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"]),
        ("CheckLeadRole", &["dynamodb:GetItem"]),
        ("ProcessLeadRole", &[]),
    ] {
        let mut statements = Vec::new();
        with_member(&template["Resources"][role]["Properties"]["Policies"], "Effect", &mut statements);
        let of_limits = statements.iter().filter(|statement| statement["Resource"] == "LimitsTable.Arn");
        let found: Vec<_> = of_limits.flat_map(|statement| strings(&statement["Action"])).collect();
        assert_eq!(found, actions, "{role}");
    }
}

/// A dry run cannot write, because the role of its function cannot.
#[test]
fn the_role_of_the_window_only_reads() {
    let template = template::read();
    let mut statements = Vec::new();
    with_member(&template["Resources"]["CheckLeadRole"]["Properties"]["Policies"], "Effect", &mut statements);
    let actions: BTreeSet<_> = statements.iter().flat_map(|statement| strings(&statement["Action"])).collect();
    let reads =
        ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "kms:Decrypt", "secretsmanager:GetSecretValue"];
    let logs = ["logs:CreateLogStream", "logs:PutLogEvents"];
    assert_eq!(actions, reads.into_iter().chain(logs).map(str::to_owned).collect());
    let index = format!("${{LeadsTable.Arn}}/index/{}", schema::EXTERNAL_ID.name);
    assert!(
        statements.iter().any(|statement| statement["Action"] == "dynamodb:Query" && statement["Resource"] == index)
    );
}

/// The page has no data of its own: what it shows, it reads with the user's token.
#[test]
fn the_role_of_the_page_reads_nothing() {
    let template = template::read();
    let mut statements = Vec::new();
    with_member(&template["Resources"]["ShowAppRole"]["Properties"]["Policies"], "Effect", &mut statements);
    let log = json!({"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "ShowAppLogs.Arn"});
    assert_eq!(statements, [&log]);
}

/// The actions and resources of a statement that use wildcards, and members that exclude instead of allow.
fn vague(statement: &Value) -> Vec<String> {
    let is_vague = |text: &str| text.contains(['*', '?']);
    let mut found = Vec::new();
    for (member, value) in statement.as_object().unwrap() {
        match member.as_str() {
            // A condition only narrows.
            "Effect" | "Condition" => {}
            "Action" | "Resource" | "Principal" => found.extend(strings(value).into_iter().filter(|it| is_vague(it))),
            other => found.push(other.to_owned()), // NotAction, NotResource: all but the named ones
        }
    }
    found
}

#[test]
fn the_roles_use_no_wildcards() {
    let template = template::read();
    let mut statements = Vec::new();
    with_member(&template, "Effect", &mut statements);
    assert!(statements.len() > 12, "{statements:#?}");
    for statement in statements {
        // CloudTrail names its files itself, and what is denied may be vague.
        if statement["Resource"] == "${AuditBucket.Arn}/AWSLogs/${AWS::AccountId}/*" || statement["Effect"] == "Deny" {
            continue;
        }
        assert_eq!(vague(statement), Vec::<String>::new(), "{statement:#}");
    }
    // SAM would create a role for a function without one, with policies that are not in this file.
    for (name, function) in resources(&template, "AWS::Serverless::Function") {
        assert_eq!(function["Properties"]["Role"], format!("{name}Role.Arn"));
        assert!(function["Properties"].get("Policies").is_none(), "{name}");
    }
}

#[test]
fn finds_wildcards_in_a_statement() {
    for (statement, found) in [
        (json!({"Effect": "Allow", "Action": "sqs:*", "Resource": "a"}), "sqs:*"),
        (json!({"Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:Get*"], "Resource": "a"}), "sqs:Get*"),
        (json!({"Effect": "Allow", "Action": "a:b", "Resource": ["Table.Arn", "${Table.Arn}/index/*"]}), "*"),
        (json!({"Effect": "Allow", "Action": "a:b", "Resource": ["HasIt", ["arn:aws:s3:::b?"], "no"]}), "b?"),
        (json!({"Effect": "Allow", "NotAction": "iam:PassRole", "Resource": "a"}), "NotAction"),
        (json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}), "*"),
    ] {
        let vague = vague(&statement);
        assert!(vague.len() == 1 && vague[0].ends_with(found), "{statement}: {vague:?}");
    }
}

/// What each policy of people may not do, in the names of actions and tables. The stack test tries it with IAM enforced.
#[test]
fn people_may_do_only_what_their_work_needs() {
    let template = template::read();
    let policies = resources(&template, "AWS::IAM::ManagedPolicy");
    for (policy, writes) in [
        ("SupportPolicy", &["LedgerTable"][..]),
        ("CompliancePolicy", &["LedgerTable", "SourcesTable"]),
        ("PrivacyPolicy", &["LeadsTable", "LedgerTable", "LimitsTable"]),
    ] {
        let mut statements = Vec::new();
        with_member(&policies[policy], "Effect", &mut statements);
        let mut written = BTreeSet::new();
        for statement in statements {
            let actions = strings(&statement["Action"]);
            for resource in strings(&statement["Resource"]) {
                let table = resource.trim_start_matches("${").split('.').next().unwrap();
                let may = |action: &str| actions.iter().any(|it| it == &format!("dynamodb:{action}"));
                if may("PutItem") || may("UpdateItem") || may("DeleteItem") {
                    written.insert(table.to_owned());
                }
                assert!(!(table == "LedgerTable" && (may("UpdateItem") || may("DeleteItem"))), "{policy}");
                assert!(!may("Scan") || resource == "SourcesTable.Arn", "{policy}: verifying the ledger needs no more");
                assert!(!(policy == "CompliancePolicy" && resource == "LeadsTable.Arn"), "it reads no lead");
            }
        }
        assert_eq!(written.into_iter().collect::<Vec<_>>(), writes, "{policy}");
    }
    assert_eq!(policies.len(), 3);
}

#[test]
fn the_trail_records_the_tables_and_leaves_out_every_function() {
    let template = template::read();
    let trail = template["Resources"]["DataEventTrail"].to_string();
    for name in resources(&template, "AWS::DynamoDB::Table").keys() {
        // CloudTrail records keys, and a guard's can be guessed.
        assert_eq!(trail.contains(&format!("{name}.Arn")), name != "LimitsTable", "{name}");
    }
    for name in resources(&template, "AWS::Serverless::Function").keys() {
        assert!(trail.contains(&format!("assumed-role/${{{name}Role}}/")), "{name}");
    }
}

/// No caller may use a queue or the bucket without TLS.
#[test]
fn queues_and_buckets_deny_plain_http() {
    let template = template::read();
    let mut denied = BTreeSet::new();
    for (kind, action, members) in
        [("AWS::SQS::QueuePolicy", "sqs:*", "Queues"), ("AWS::S3::BucketPolicy", "s3:*", "Bucket")]
    {
        for (name, policy) in resources(&template, kind) {
            let properties = &policy["Properties"];
            let statements = properties["PolicyDocument"]["Statement"].as_array().unwrap();
            let deny = statements.iter().find(|statement| statement["Effect"] == "Deny").unwrap();
            assert_eq!((&deny["Principal"], &deny["Action"]), (&json!("*"), &json!(action)), "{name}");
            assert_eq!(deny["Condition"], json!({"Bool": {"aws:SecureTransport": "false"}}), "{name}");
            for guarded in strings(&properties[members]) {
                let arn = format!("{guarded}.Arn");
                assert!(strings(&deny["Resource"]).contains(&arn), "{name}: {arn}");
                assert!(denied.insert(guarded), "a queue has one policy");
            }
        }
    }
    let queues = resources(&template, "AWS::SQS::Queue");
    let buckets = resources(&template, "AWS::S3::Bucket");
    assert_eq!(
        denied.iter().collect::<Vec<_>>(),
        buckets.keys().chain(queues.keys()).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    );
}

/// SAM would make a role for a schedule that any account's scheduler could use.
#[test]
fn only_this_account_s_scheduler_has_the_role_of_the_sweep() {
    let template = template::read();
    let mut schedules = 0;
    for function in resources(&template, "AWS::Serverless::Function").values() {
        for event in function["Properties"]["Events"].as_object().unwrap().values() {
            if event["Type"] == "ScheduleV2" {
                schedules += 1;
                assert_eq!(event["Properties"]["RoleArn"], "SweepRole.Arn");
            }
        }
    }
    assert_eq!(schedules, 1);
    let role = &template["Resources"]["SweepRole"]["Properties"];
    let trust = &role["AssumeRolePolicyDocument"]["Statement"][0];
    assert_eq!(trust["Condition"], json!({"StringEquals": {"aws:SourceAccount": "AWS::AccountId"}}));
    let allows = &role["Policies"][0]["PolicyDocument"]["Statement"];
    assert_eq!(
        *allows,
        json!([{"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "${ProcessLead.Arn}:live"}])
    );
}

/// With `KmsKeyArn`, all that holds data is encrypted with that key, and each role that reads a table may decrypt. Without it, the
/// stack has no key.
#[test]
fn a_key_of_one_s_own_encrypts_all_data_and_only_if_it_is_given() {
    let template = template::read();
    let mut of_key = template.to_string();
    for (kind, member, with_key) in [
        (
            "AWS::DynamoDB::Table",
            "SSESpecification",
            json!({"SSEEnabled": true, "SSEType": "KMS", "KMSMasterKeyId": "KmsKeyArn"}),
        ),
        ("AWS::SQS::Queue", "KmsMasterKeyId", json!("KmsKeyArn")),
        ("AWS::Logs::LogGroup", "KmsKeyId", json!("KmsKeyArn")),
    ] {
        for (name, resource) in resources(&template, kind) {
            let expected = json!(["HasKmsKey", with_key, "AWS::NoValue"]);
            assert_eq!(resource["Properties"][member], expected, "{name}");
            if kind == "AWS::SQS::Queue" {
                let of_sqs = json!(["HasKmsKey", "AWS::NoValue", true]);
                assert_eq!(resource["Properties"]["SqsManagedSseEnabled"], of_sqs, "{name}");
            }
        }
    }
    for kind in ["AWS::IAM::Role", "AWS::IAM::ManagedPolicy"] {
        for (name, holder) in resources(&template, kind) {
            let text = holder["Properties"].to_string();
            let services = |service: &str| {
                let services =
                    [("dynamodb", text.contains("dynamodb:")), ("sqs", text.contains("\"sqs:SendMessage\""))];
                services.iter().any(|(name, has)| *name == service && *has)
            };
            let via: Vec<_> = ["dynamodb", "sqs"].into_iter().filter(|service| services(service)).collect();
            if via.is_empty() {
                assert!(!text.contains("kms:"), "{name}");
                continue;
            }
            let actions =
                if via.contains(&"sqs") { json!(["kms:Decrypt", "kms:GenerateDataKey"]) } else { json!("kms:Decrypt") };
            let via: Vec<_> = via.iter().map(|service| format!("{service}.${{AWS::Region}}.amazonaws.com")).collect();
            let grant = json!({"Effect": "Allow", "Action": actions, "Resource": "KmsKeyArn",
                "Condition": {"StringEquals": {"kms:ViaService": via}}});
            let grant = json!(["HasKmsKey", grant, "AWS::NoValue"]).to_string();
            assert_eq!(text.matches(&grant).count(), 1, "{name}: {grant}");
            of_key = of_key.replace(&grant, "");
        }
    }
    assert!(!of_key.contains("\"kms:"), "no right to a key without the condition");
}

/// A profile that signs the code of one function signs that of all.
#[test]
fn every_function_runs_signed_code_alone_if_there_is_a_profile() {
    for (name, function) in resources(&template::read(), "AWS::Serverless::Function") {
        let signing = json!(["HasSigning", "CodeSigning", "AWS::NoValue"]);
        assert_eq!(function["Properties"]["CodeSigningConfigArn"], signing, "{name}");
    }
}
