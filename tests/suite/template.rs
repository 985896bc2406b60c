//! The template matches the code and the runbooks. The stack test checks that it is valid.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use leadping::http::Route;
use leadping::store::schema::{self, Index};
use serde_json::{Value, json};

fn text(file: &str) -> String {
    fs::read_to_string(format!("{}/../{file}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The template as data. Tags are dropped: `!Ref X` is `X`, and `!If [A, b, c]` is a list of three.
fn template() -> Value {
    let options = serde_saphyr::options! { strict_booleans: true }; // as for AWS, the `N` of a number is text
    serde_saphyr::from_str_with_options(&text("template.yaml"), options).unwrap()
}

fn resources(template: &Value, kind: &str) -> BTreeMap<String, Value> {
    let all = template["Resources"].as_object().unwrap().iter();
    all.filter(|(_, resource)| resource["Type"] == kind).map(|(name, it)| (name.clone(), it.clone())).collect()
}

/// Every object in a value that has a member of this name, at any depth.
fn with_member<'a>(value: &'a Value, name: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(members) => {
            if members.contains_key(name) {
                found.push(value);
            }
            members.values().for_each(|member| with_member(member, name, found));
        }
        Value::Array(items) => items.iter().for_each(|item| with_member(item, name, found)),
        _ => {}
    }
}

fn key_schema(partition: &str, sort: &str) -> Value {
    json!([{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}])
}

fn index(index: &Index) -> Value {
    let projection = match index.includes {
        [] => json!({"ProjectionType": "KEYS_ONLY"}),
        includes => json!({"ProjectionType": "INCLUDE", "NonKeyAttributes": includes}),
    };
    let keys = key_schema(index.partition, index.sort);
    json!({"IndexName": index.name, "KeySchema": keys, "Projection": projection})
}

#[test]
fn the_tables_have_the_keys_and_indexes_of_the_store() {
    let template = template();
    for (table, indexes) in [
        ("SourcesTable", schema::SOURCE_INDEXES),
        ("LeadsTable", schema::LEAD_INDEXES),
        ("LimitsTable", schema::LIMIT_INDEXES),
    ] {
        let properties = &template["Resources"][table]["Properties"];
        let keys = indexes.iter().flat_map(|index| [index.partition, index.sort]);
        let attributes: BTreeSet<_> = [schema::PK, schema::SK].into_iter().chain(keys).collect();
        let kind = |name: &str| if name.ends_with("Shard") { "N" } else { "S" };
        let attributes = attributes.iter().map(|name| json!({"AttributeName": name, "AttributeType": kind(name)}));
        assert_eq!(properties["AttributeDefinitions"], attributes.collect::<Value>(), "{table}");
        assert_eq!(properties["KeySchema"], key_schema(schema::PK, schema::SK), "{table}");
        let indexes = (!indexes.is_empty()).then(|| indexes.iter().map(index).collect::<Value>());
        assert_eq!(properties.get("GlobalSecondaryIndexes"), indexes.as_ref(), "{table}");
    }
}

#[test]
fn the_ledger_has_no_index_and_no_function_reaches_it() {
    let template = template();
    let properties = &template["Resources"]["LedgerTable"]["Properties"];
    assert_eq!(properties["KeySchema"], key_schema(schema::PK, schema::SK));
    assert_eq!(properties.get("GlobalSecondaryIndexes"), None);
    for (name, role) in resources(&template, "AWS::IAM::Role") {
        assert!(!role.to_string().contains("LedgerTable"), "{name}");
    }
}

#[test]
fn the_worker_may_query_the_index_of_the_sweep() {
    let index = format!("${{LeadsTable.Arn}}/index/{}", schema::UNFINISHED.name);
    let role = template()["Resources"]["ProcessLeadRole"].to_string();
    assert!(role.contains(&json!({"Action": "dynamodb:Query", "Effect": "Allow", "Resource": index}).to_string()));
}

/// The template and `cargo lambda watch` serve the routes of the code, each by its function.
#[test]
fn every_route_is_served_by_its_function() {
    let page = show_app::PATHS.map(|path| ("show-app".to_owned(), format!("GET {path}")));
    let of_apis = Route::all().map(|route| (route.function().to_owned(), route.key()));
    let expected: BTreeSet<_> = of_apis.chain(page).collect();
    let mut deployed = BTreeSet::new();
    for (_, function) in resources(&template(), "AWS::Serverless::Function") {
        let name = function["Properties"]["CodeUri"].as_str().unwrap().replace("functions/", "");
        for event in function["Properties"]["Events"].as_object().unwrap().values() {
            if let (Some(method), Some(path)) =
                (event["Properties"]["Method"].as_str(), event["Properties"]["Path"].as_str())
            {
                deployed.insert((name.clone(), format!("{method} {path}")));
            }
        }
    }
    assert_eq!(deployed, expected, "template.yaml");

    let manifest = text("Cargo.toml");
    let (_, router) = manifest.split_once("[workspace.metadata.lambda.watch.router]\n").unwrap();
    let mut watched = BTreeSet::new();
    for line in router.lines().take_while(|line| line.starts_with('"')) {
        let (path, functions) = line.split_once(" = ").unwrap();
        for function in functions.split('{').skip(1) {
            let quoted: Vec<_> = function.split('"').skip(1).step_by(2).collect();
            watched.insert((quoted[0].to_owned(), format!("{} {}", quoted[1], path.trim_matches('"'))));
        }
    }
    assert_eq!(watched, expected, "Cargo.toml");
}

#[test]
fn items_of_leads_and_limits_expire() {
    let tables = resources(&template(), "AWS::DynamoDB::Table");
    let ttl = |name: &str| tables[name]["Properties"].get("TimeToLiveSpecification").cloned();
    for table in ["LeadsTable", "LimitsTable"] {
        assert_eq!(ttl(table), Some(json!({"AttributeName": schema::EXPIRES_AT, "Enabled": true})), "{table}");
    }
    assert_eq!(ttl("SourcesTable"), None);
}

/// The intake writes limits, and reads none: each condition is part of a write.
#[test]
fn the_intake_may_only_write_the_table_of_limits() {
    let template = template();
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
    let template = template();
    let mut statements = Vec::new();
    with_member(&template["Resources"]["CheckLeadRole"]["Properties"]["Policies"], "Effect", &mut statements);
    let actions: BTreeSet<_> = statements.iter().flat_map(|statement| strings(&statement["Action"])).collect();
    let reads = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "secretsmanager:GetSecretValue"];
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
    let template = template();
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

fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::Object(members) => members.values().flat_map(strings).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn the_roles_use_no_wildcards() {
    let template = template();
    let mut statements = Vec::new();
    with_member(&template, "Effect", &mut statements);
    assert!(statements.len() > 12, "{statements:#?}");
    for statement in statements {
        // CloudTrail names its files itself.
        if statement["Resource"] == "${AuditBucket.Arn}/AWSLogs/${AWS::AccountId}/*" {
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

#[test]
fn the_parameters_are_described_and_in_a_group() {
    let template = template();
    let groups = &template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"];
    let grouped = groups.as_array().unwrap().iter().flat_map(|group| strings(&group["Parameters"]));
    let parameters = template["Parameters"].as_object().unwrap();
    assert_eq!(grouped.collect::<BTreeSet<_>>(), parameters.keys().cloned().collect());
    for (name, parameter) in parameters {
        assert!(parameter["Description"].as_str().is_some_and(|text| text.ends_with('.')), "{name}");
    }
}

/// A stack with an example ARN would deploy, but its functions could not start.
#[test]
fn it_cannot_be_deployed_with_an_example_arn() {
    let template = template();
    let arns = template["Parameters"].as_object().unwrap().iter().filter(|(name, _)| name.ends_with("Arn"));
    assert!(arns.clone().count() >= 5);
    for (name, parameter) in arns {
        let pattern = parameter["AllowedPattern"].as_str().unwrap();
        assert!(pattern.contains(":(?!111122223333:)[0-9]{12}:"), "{name}: {pattern}");
        assert!(parameter["ConstraintDescription"].as_str().unwrap().contains("111122223333"), "{name}");
    }
    assert!(template["Parameters"]["TrustedFormApiKeySecretArn"].get("Default").is_none());
}

#[test]
fn samconfig_has_no_data_of_an_account() {
    let samconfig = text("samconfig.toml");
    let digits = samconfig.split(|character: char| !character.is_ascii_digit());
    assert_eq!(digits.filter(|run| run.len() == 12).collect::<Vec<_>>(), Vec::<&str>::new(), "no account");
    for identifier in ["arn:", "Arn=", "DomainName=", "HostedZoneId=", "AccountSid="] {
        assert!(!samconfig.contains(identifier), "{identifier}");
    }
    let template = template();
    let mut of_users = template["Parameters"].as_object().unwrap().keys().filter(|name| name.starts_with("User"));
    assert_eq!(of_users.find(|name| !samconfig.contains(name.as_str())), None);
}

/// The sentence in the runbook about who an alarm notifies. An alarm goes to one of the two topics, or rolls a release back.
fn notifies(alarm: &Value, rolls_back: bool) -> Option<&'static str> {
    let properties = &alarm["Properties"];
    let other = json!(["HasAlarmTopic", ["AlarmTopicArn"], "AWS::NoValue"]);
    let urgent = json!(["HasUrgentAlarmTopic", ["UrgentAlarmTopicArn"], other]);
    assert_eq!(properties.get("AlarmActions"), properties.get("OKActions"), "the end of an alarm is notified, too");
    match properties.get("AlarmActions") {
        Some(actions) if *actions == urgent => Some("**Wakes someone: yes.**"),
        Some(actions) if *actions == other => Some("**Wakes someone: no.**"),
        None if rolls_back => Some("**Wakes someone: no**, it notifies no one."),
        _ => None,
    }
}

#[test]
fn each_alarm_has_a_runbook() {
    let template = template();
    let dashboard = template["Resources"]["Dashboard"].to_string();
    let mut preferences = Vec::new();
    with_member(&template, "DeploymentPreference", &mut preferences);
    let rolls_back = strings(&preferences.into_iter().cloned().collect());

    let page = text("docs/operating.md");
    let (_, alarms) = page.split_once("\n## Alarms\n").unwrap();
    let (alarms, _) = alarms.split_once("\n## ").unwrap();
    let mut runbooks: BTreeMap<_, _> = alarms.split("\n### ").skip(1).filter_map(|it| it.split_once('\n')).collect();
    for (name, alarm) in resources(&template, "AWS::CloudWatch::Alarm") {
        let description = alarm["Properties"]["AlarmDescription"].as_str().unwrap();
        let anchor = format!(". Runbook: docs/operating.md#{}", name.to_lowercase());
        assert!(description.ends_with(&anchor), "{name}: {description}");
        let runbook = runbooks.remove(name.as_str()).unwrap_or_else(|| panic!("docs/operating.md: no ### {name}"));
        let notifies = notifies(&alarm, rolls_back.contains(&name)).unwrap_or_else(|| panic!("{name} has no action"));
        for part in ["**Means:** ", notifies, "**Do:**"] {
            assert!(runbook.contains(part), "{name}: {part}");
        }
        let (_, steps) = runbook.split_once("```sh\n").unwrap_or_else(|| panic!("{name}: no commands"));
        assert!(steps.starts_with("leadctl --stack \"$STACK\" doctor\n"), "{name}: the first command");
        assert!(dashboard.contains(&format!("${{{name}.Arn}}")), "{name} is on the dashboard");
    }
    assert_eq!(runbooks.keys().collect::<Vec<_>>(), Vec::<&&str>::new(), "runbooks without an alarm");
}

/// CloudWatch bills each metric that an alarm reads; a band of usual values counts as two more.
#[test]
fn the_cost_of_the_alarms_is_counted() {
    let template = template();
    let alarms = resources(&template, "AWS::CloudWatch::Alarm");
    let metrics = alarms.values().map(|alarm| match alarm["Properties"]["Metrics"].as_array() {
        None => 1,
        Some(metrics) => {
            let bands = metrics.iter().filter(|metric| metric.to_string().contains("ANOMALY_DETECTION_BAND")).count();
            metrics.iter().filter(|metric| metric.get("MetricStat").is_some()).count() + 2 * bands
        }
    });
    let metrics: usize = metrics.sum();
    let row = format!(
        "| alarms | {} with a lookup and users, in production; {metrics} metrics at 0.10, since an alarm counts as each metric that it \
         reads | {}.{}0 |",
        alarms.len(),
        metrics / 10,
        metrics % 10
    );
    assert!(text("docs/operating.md").contains(&row), "docs/operating.md has no row {row}");
}

/// In production each alarm tells someone, the intake cannot take every execution, and no key leaves unencrypted.
#[test]
fn production_has_its_guard_rails() {
    let template = template();
    for (rule, parameters) in [
        ("ProductionHasItsAlarmTopic", &["UrgentAlarmTopicArn", "AlarmTopicArn"][..]),
        ("ProductionKeepsTheIntakeFromStarvingTheWorker", &["IntakeReservedConcurrency"]),
    ] {
        let rule = template["Rules"][rule].to_string();
        assert!(rule.contains("production"), "{rule}");
        for parameter in parameters {
            assert!(rule.contains(parameter), "{parameter}");
        }
    }
    let address = r"(https://.+|http://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?(/.*)?)";
    let pattern = |name: &str| template["Parameters"][name]["AllowedPattern"].clone();
    assert_eq!(pattern("TrustedFormUrl"), format!("^{address}$"));
    assert_eq!(pattern("PhoneLookupUrl"), format!("^{address}?$"));
}

/// What each policy of people may not do, in the names of actions and tables. The stack test tries it with IAM enforced.
#[test]
fn people_may_do_only_what_their_work_needs() {
    let template = template();
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
                assert!(!may("Scan"), "{policy}");
                assert!(!(policy == "CompliancePolicy" && resource == "LeadsTable.Arn"), "it reads no lead");
            }
        }
        assert_eq!(written.into_iter().collect::<Vec<_>>(), writes, "{policy}");
    }
    assert_eq!(policies.len(), 3);
}

#[test]
fn the_trail_records_every_table_and_leaves_out_every_function() {
    let template = template();
    let trail = template["Resources"]["DataEventTrail"].to_string();
    for name in resources(&template, "AWS::DynamoDB::Table").keys() {
        assert!(trail.contains(&format!("{name}.Arn")), "{name}");
    }
    for name in resources(&template, "AWS::Serverless::Function").keys() {
        assert!(trail.contains(&format!("assumed-role/${{{name}Role}}/")), "{name}");
    }
}
