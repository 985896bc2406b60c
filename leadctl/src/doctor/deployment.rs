//! A deployed stack, as AWS sees it: its deployment, its alarms, its schedules and event sources.

use std::collections::HashMap;

use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};

use super::finding::{CHECK_TIMEOUT, Finding, within};
use crate::target::Target;

/// How many alarms one call describes: CloudWatch's own limit.
const ALARMS: usize = 100;

/// CloudFormation's status of the stack.
pub(super) fn stack(name: &str, status: &str) -> Finding {
    let check = "deployment";
    match status {
        "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE" => Finding::ok(check, status),
        status if status.ends_with("_IN_PROGRESS") && !status.contains("ROLLBACK") && !status.contains("DELETE") => {
            Finding::ok(check, format!("{status}: a release is being deployed"))
        }
        status => Finding::problem(
            check,
            format!("{status}: the last deployment did not succeed"),
            format!(
                "`aws cloudformation describe-stack-events --stack-name {name}` says why \
                 (docs/operating.md#update-and-roll-back)"
            ),
        ),
    }
}

/// The stack's resources by type: logical id and physical id.
type Resources = HashMap<String, Vec<(String, String)>>;

/// The checks that need to know what the stack consists of.
pub(super) async fn resources(target: &Target, name: &str) -> Vec<Finding> {
    let check = "resources";
    let listed = match tokio::time::timeout(CHECK_TIMEOUT, list(target, name)).await {
        Ok(Ok(listed)) => listed,
        Ok(Err(finding)) => return vec![finding],
        Err(_) => return within(target, check, std::future::pending()).await,
    };
    let of = |kind: &str| listed.get(kind).map(Vec::as_slice).unwrap_or_default();
    let (alarms, schedules, sources) = tokio::join!(
        within(target, "alarms", alarms(target, of("AWS::CloudWatch::Alarm"))),
        within(target, "schedule", schedules(target, of("AWS::Scheduler::Schedule"))),
        within(target, "event source", event_sources(target, of("AWS::Lambda::EventSourceMapping"))),
    );
    [alarms, schedules, sources].into_iter().flatten().collect()
}

async fn list(target: &Target, name: &str) -> Result<Resources, Finding> {
    let client = aws_sdk_cloudformation::Client::new(&target.config);
    let mut found = client.list_stack_resources().stack_name(name).into_paginator().items().send();
    let mut resources = Resources::new();
    while let Some(resource) = found.next().await {
        let resource = resource.map_err(|error| {
            unseen(target, "resources", "CloudFormation", "cloudformation:ListStackResources", &error)
        })?;
        if let (Some(kind), Some(logical), Some(physical)) =
            (resource.resource_type, resource.logical_resource_id, resource.physical_resource_id)
        {
            resources.entry(kind).or_default().push((logical, physical));
        }
    }
    Ok(resources)
}

/// The alarms that are in ALARM, each with its runbook.
async fn alarms(target: &Target, alarms: &[(String, String)]) -> Vec<Finding> {
    let check = "alarms";
    let client = aws_sdk_cloudwatch::Client::new(&target.config);
    let mut raised = Vec::new();
    for some in alarms.chunks(ALARMS) {
        let names = some.iter().map(|(_, physical)| physical.clone()).collect();
        let described = client.describe_alarms().set_alarm_names(Some(names)).state_value("ALARM".into()).send().await;
        let described = match described {
            Ok(described) => described,
            Err(error) => return vec![unseen(target, check, "CloudWatch", "cloudwatch:DescribeAlarms", &error)],
        };
        let is_raised = |physical: &str| described.metric_alarms().iter().any(|it| it.alarm_name() == Some(physical));
        raised.extend(some.iter().filter(|(_, physical)| is_raised(physical)).map(|(logical, _)| logical));
    }
    if raised.is_empty() {
        return vec![Finding::ok(check, format!("none of {} is raised", alarms.len()))];
    }
    let of = |alarm: &String| {
        let remedy = format!("See docs/operating.md#{}", alarm.to_lowercase());
        Finding::problem(check, format!("{alarm} is raised"), remedy)
    };
    raised.into_iter().map(of).collect()
}

/// Whether the sweep is scheduled.
async fn schedules(target: &Target, schedules: &[(String, String)]) -> Vec<Finding> {
    let check = "schedule";
    let client = aws_sdk_scheduler::Client::new(&target.config);
    let mut findings = Vec::new();
    for (_, name) in schedules {
        // CloudFormation knows a schedule of a group by GROUP|NAME.
        let name = name.rsplit('|').next().unwrap_or(name);
        findings.push(match client.get_schedule().name(name).send().await {
            Ok(schedule) if schedule.state().is_some_and(|state| state.as_str() == "ENABLED") => {
                Finding::ok(check, format!("{name} is enabled"))
            }
            Ok(_) => Finding::problem(
                check,
                format!("{name} is disabled: unfinished leads are not brought back"),
                "Enable it in EventBridge Scheduler, or deploy again (docs/operating.md#sweepmissing)",
            ),
            Err(error) => unseen(target, check, "EventBridge Scheduler", "scheduler:GetSchedule", &error),
        });
    }
    findings
}

/// Whether the worker is given messages.
async fn event_sources(target: &Target, mappings: &[(String, String)]) -> Vec<Finding> {
    let check = "event source";
    let client = aws_sdk_lambda::Client::new(&target.config);
    let mut findings = Vec::new();
    for (logical, uuid) in mappings {
        findings.push(match client.get_event_source_mapping().uuid(uuid).send().await {
            Ok(mapping) => match mapping.state().unwrap_or("unknown") {
                "Enabled" => Finding::ok(check, format!("{logical} is enabled")),
                state @ ("Creating" | "Enabling" | "Updating") => Finding::ok(check, format!("{logical}: {state}")),
                state => Finding::problem(
                    check,
                    format!("{logical}: {state}; accepted leads are not processed"),
                    format!(
                        "`aws lambda update-event-source-mapping --uuid {uuid} --enabled` enables it \
                         (docs/operating.md#oldestmessage)"
                    ),
                ),
            },
            Err(error) => unseen(target, check, "Lambda", "lambda:GetEventSourceMapping", &error),
        });
    }
    findings
}

/// A call that the caller may not make says nothing about the stack.
fn unseen<E: ProvideErrorMetadata, R>(
    target: &Target,
    check: &'static str,
    service: &str,
    permission: &str,
    error: &SdkError<E, R>,
) -> Finding {
    match error.code() {
        Some(code) if code.starts_with("AccessDenied") => {
            Finding::skipped(check, format!("you may not look ({permission})"))
        }
        _ => Finding::failed(check, target.aws_error(service, error)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    #[test]
    fn a_deployment_that_was_rolled_back_is_a_problem() {
        for (status, state) in [
            ("CREATE_COMPLETE", State::Ok),
            ("UPDATE_COMPLETE", State::Ok),
            ("UPDATE_IN_PROGRESS", State::Ok),
            ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", State::Ok),
            ("UPDATE_ROLLBACK_COMPLETE", State::Problem),
            ("UPDATE_ROLLBACK_IN_PROGRESS", State::Problem),
            ("UPDATE_ROLLBACK_FAILED", State::Problem),
            ("CREATE_FAILED", State::Problem),
            ("DELETE_IN_PROGRESS", State::Problem),
        ] {
            assert_eq!(stack("leadping", status).state, state, "{status}");
        }
    }
}
