//! The template matches the code and the runbooks. The stack test checks that it is valid.

mod functions;

use std::collections::{BTreeMap, BTreeSet};

use leadping::store::schema::{self, Index};
use serde_json::{Value, json};
use tests::template::{self, resources, text};

/// Every object in a value that has a member of this name, at any depth.
pub(crate) fn with_member<'a>(value: &'a Value, name: &str, found: &mut Vec<&'a Value>) {
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
    let template = template::read();
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
    let template = template::read();
    let properties = &template["Resources"]["LedgerTable"]["Properties"];
    assert_eq!(properties["KeySchema"], key_schema(schema::PK, schema::SK));
    assert_eq!(properties.get("GlobalSecondaryIndexes"), None);
    for (name, role) in resources(&template, "AWS::IAM::Role") {
        assert!(!role.to_string().contains("LedgerTable"), "{name}");
    }
}

#[test]
fn items_of_leads_and_limits_expire() {
    let tables = resources(&template::read(), "AWS::DynamoDB::Table");
    let ttl = |name: &str| tables[name]["Properties"].get("TimeToLiveSpecification").cloned();
    for table in ["LeadsTable", "LimitsTable"] {
        assert_eq!(ttl(table), Some(json!({"AttributeName": schema::EXPIRES_AT, "Enabled": true})), "{table}");
    }
    assert_eq!(ttl("SourcesTable"), None);
}

pub(crate) fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::Object(members) => members.values().flat_map(strings).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn the_parameters_are_described_and_in_a_group() {
    let template = template::read();
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
    let template = template::read();
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
    let template = template::read();
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
    let template = template::read();
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
    let template = template::read();
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
    let template = template::read();
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

/// The filter looks at members that the access log has.
#[test]
fn the_filter_of_throttled_requests_reads_what_the_api_logs() {
    let template = template::read();
    let format = template["Resources"]["Api"]["Properties"]["AccessLogSettings"]["Format"].as_str().unwrap();
    let logged: Value = serde_json::from_str(format).unwrap();
    let pattern = template["Resources"]["ApiThrottlesFilter"]["Properties"]["FilterPattern"].as_str().unwrap();
    let members: Vec<_> = pattern.split("$.").skip(1).filter_map(|rest| rest.split(' ').next()).collect();
    assert_eq!(members, ["status", "integrationStatus"]);
    for member in members {
        assert!(logged.get(member).is_some(), "{member}");
    }
}
