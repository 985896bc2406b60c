//! A deployed stack, by its outputs and parameters (template.yaml).

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudformation::types::Stack;

use crate::error::Error;

/// The part of a deployed stack that is needed here.
#[derive(Debug)]
pub(super) struct Deployed {
    pub(super) name: String,
    /// `dev`, `staging` or `production`.
    pub(super) stage: String,
    /// CloudFormation's, as `UPDATE_COMPLETE`.
    pub(super) status: String,
    pub(super) sources_table: String,
    pub(super) leads_table: String,
    pub(super) limits_table: String,
    pub(super) ledger_table: String,
    pub(super) queue_url: String,
    pub(super) dead_letter_queue_url: String,
    pub(super) api_url: String,
    /// The name of its bus; a stack of an earlier release has none.
    pub(super) event_bus: Option<String>,
    /// Where its functions ask TrustedForm.
    pub(super) trusted_form: Option<String>,
    /// Parameters that name a secret, with its ARN.
    pub(super) secrets: Vec<(String, String)>,
}

impl Deployed {
    /// Reads a stack's outputs and parameters.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such stack, [`Error::Refused`] when it is not of the template, [`Error::Aws`] when
    /// CloudFormation does not answer.
    pub(super) async fn read(config: &SdkConfig, name: &str) -> Result<Self, Error> {
        let found = Client::new(config).describe_stacks().stack_name(name).send().await;
        let found = found.map_err(|error| match (&error, error.code()) {
            (SdkError::DispatchFailure(_), _) => Error::Aws {
                what: "CloudFormation is out of reach, or you are not signed in".to_owned(),
                remedy: "Check `aws sts get-caller-identity`, AWS_REGION and AWS_PROFILE".to_owned(),
            },
            (_, Some("ValidationError")) => Error::NotFound(format!(
                "there is no stack {name} in this account and region; `aws cloudformation list-stacks` shows the others"
            )),
            (_, code) => Error::Aws {
                what: format!("CloudFormation: {}", code.unwrap_or("no answer")),
                remedy: "Check that you are signed in (`aws sts get-caller-identity`) and may describe the stack"
                    .to_owned(),
            },
        })?;
        found.stacks.and_then(|stacks| stacks.into_iter().next()).and_then(|stack| Self::of(name, stack)).ok_or_else(
            || {
                Error::Refused(format!(
                    "the stack {name} is not one of lead intake: it lacks the outputs of template.yaml"
                ))
            },
        )
    }

    fn of(name: &str, stack: Stack) -> Option<Self> {
        let status = stack.stack_status.map(|status| status.as_str().to_owned()).unwrap_or_default();
        let outputs = stack.outputs.unwrap_or_default().into_iter();
        let mut outputs: HashMap<_, _> =
            outputs.filter_map(|output| Some((output.output_key?, output.output_value?))).collect();
        let parameters = stack.parameters.unwrap_or_default().into_iter();
        let mut parameters: Vec<_> =
            parameters.filter_map(|parameter| Some((parameter.parameter_key?, parameter.parameter_value?))).collect();
        let parameter = |name: &str| parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let (stage, trusted_form) = (parameter("Stage"), parameter("TrustedFormUrl"));
        parameters.retain(|(name, value)| name.ends_with("SecretArn") && !value.is_empty());
        let mut output = |name: &str| outputs.remove(name);
        Some(Self {
            name: name.to_owned(),
            // A stack that does not say what it is for is treated with care.
            stage: stage.unwrap_or_else(|| "production".to_owned()),
            status,
            sources_table: output("SourcesTable")?,
            leads_table: output("LeadsTable")?,
            limits_table: output("LimitsTable")?,
            ledger_table: output("LedgerTable")?,
            queue_url: output("LeadCreatedQueueUrl")?,
            dead_letter_queue_url: output("DeadLetterQueueUrl")?,
            api_url: output("ApiUrl")?,
            event_bus: output("EventBusName"),
            trusted_form,
            secrets: parameters,
        })
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::{Output, Parameter};

    use super::*;

    const OUTPUTS: [&str; 7] = [
        "ApiUrl",
        "SourcesTable",
        "LeadsTable",
        "LimitsTable",
        "LedgerTable",
        "LeadCreatedQueueUrl",
        "DeadLetterQueueUrl",
    ];

    fn stack(outputs: &[&str], parameters: &[(&str, &str)]) -> Stack {
        let outputs = outputs.iter().map(|name| Output::builder().output_key(*name).output_value(*name).build());
        let parameters = parameters
            .iter()
            .map(|(name, value)| Parameter::builder().parameter_key(*name).parameter_value(*value).build());
        Stack::builder().set_outputs(Some(outputs.collect())).set_parameters(Some(parameters.collect())).build()
    }

    #[test]
    fn a_stack_is_read_by_the_template_s_names() {
        let parameters = [
            ("Stage", "dev"),
            ("TrustedFormUrl", "https://trustedform.example"),
            ("TrustedFormApiKeySecretArn", "arn:1"),
            ("PhoneLookupSecretArn", ""),
        ];
        let read = Deployed::of("leadping-dev", stack(&OUTPUTS, &parameters)).unwrap();
        assert_eq!((read.stage.as_str(), read.queue_url.as_str()), ("dev", "LeadCreatedQueueUrl"));
        assert_eq!(read.trusted_form.as_deref(), Some("https://trustedform.example"));
        assert_eq!(read.secrets, [("TrustedFormApiKeySecretArn".to_owned(), "arn:1".to_owned())]);
        let silent = Deployed::of("other", stack(&OUTPUTS, &[])).unwrap();
        assert_eq!(silent.stage, "production", "a stack that does not say is treated with care");
        assert!(Deployed::of("other", stack(&OUTPUTS[1..], &parameters)).is_none(), "not ours");
    }

    #[test]
    fn the_template_has_these_outputs() {
        let template = include_str!("../../../template.yaml");
        for name in OUTPUTS.into_iter().chain(["EventBusName"]) {
            assert!(template.contains(&format!("\n  {name}:\n")), "{name}");
        }
    }
}
