//! How AWS clients are configured.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{ConfigLoader, Region, SdkConfig};
use leadping::client::aws;

use crate::error::Error;

/// A configuration without a profile or a region yet.
///
/// # Errors
/// [`Error::Usage`] when the environment's certificates or proxy cannot be used.
pub(super) fn loader() -> Result<ConfigLoader, Error> {
    // A function's clients search for no credentials, and their limits are too tight for a person who is asked for a second
    // factor on the way.
    let http = aws::http(Duration::from_secs(5))
        .map_err(|error| Error::Usage(format!("AWS_CA_BUNDLE or HTTPS_PROXY cannot be used: {error}")))?;
    let patience = TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_secs(20))
        .operation_timeout(Duration::from_secs(60));
    let loader = aws_config::defaults(aws::behavior()).http_client(aws::over(http));
    Ok(loader.timeout_config(patience.build()).retry_config(RetryConfig::standard().with_max_attempts(3)))
}

/// The configuration for a profile and a region, or for those of the environment.
///
/// # Errors
/// As of [`loader`].
pub(super) async fn of(profile: Option<&str>, region: Option<&str>) -> Result<SdkConfig, Error> {
    let mut loader = loader()?;
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    Ok(loader.load().await)
}
