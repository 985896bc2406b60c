//! Our credentials for external services: read at start-up, and read again after a service refuses one.

use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::settings::{Secret, SecretSetting};

/// The shortest time between two reads of a secret, even if a service keeps refusing it (architecture, "Time").
const MIN_READ_INTERVAL: Duration = Duration::from_secs(60);

/// The timeout for reading a refused secret again. It is short because the caller's own deadline is near.
const READ_TIMEOUT: Duration = Duration::from_millis(500);

/// A credential that may change while a function lives.
#[derive(Debug)]
pub struct Credential {
    current: Mutex<Current>,
    /// Where to read the secret again. `None` when the environment holds the value.
    origin: Option<(Client, String)>,
}

#[derive(Debug)]
struct Current {
    secret: Secret,
    read_at: Instant,
}

/// A secret cannot be read from Secrets Manager.
#[derive(Debug, thiserror::Error)]
#[error("the secret {arn} cannot be read: {code}")]
pub struct CredentialError {
    arn: String,
    code: String,
}

/// A secret that cannot change.
impl From<Secret> for Credential {
    fn from(secret: Secret) -> Self {
        Self { current: Mutex::new(Current { secret, read_at: Instant::now() }), origin: None }
    }
}

impl Credential {
    /// Reads the secret that a setting names.
    ///
    /// # Errors
    /// [`CredentialError`] when Secrets Manager does not return the secret.
    pub async fn read(setting: &SecretSetting, client: &Client) -> Result<Self, CredentialError> {
        match setting {
            SecretSetting::Value(secret) => Ok(secret.clone().into()),
            SecretSetting::Arn(arn) => {
                let read = Self::from(fetch(client, arn).await?);
                Ok(Self { origin: Some((client.clone(), arn.clone())), ..read })
            }
        }
    }

    /// The secret as last read.
    pub async fn secret(&self) -> Secret {
        self.current.lock().await.secret.clone()
    }

    /// The secret to retry with after a service refused this one; `None` when there is no other. When several calls are
    /// refused at once, the first reads the secret again and the others use what it found.
    pub async fn replacement_for(&self, refused: &Secret) -> Option<Secret> {
        let (client, arn) = self.origin.as_ref()?;
        let mut current = self.current.lock().await;
        if current.secret == *refused && current.read_at.elapsed() >= MIN_READ_INTERVAL {
            current.read_at = Instant::now();
            match timeout(READ_TIMEOUT, fetch(client, arn)).await {
                Ok(Ok(secret)) => current.secret = secret,
                Ok(Err(error)) => tracing::error!(%error, "a refused secret cannot be read again"),
                Err(_) => tracing::error!(arn, "reading a refused secret again timed out"),
            }
        }
        (current.secret != *refused).then(|| current.secret.clone())
    }
}

async fn fetch(client: &Client, arn: &str) -> Result<Secret, CredentialError> {
    let error = |code: &str| CredentialError { arn: arn.to_owned(), code: code.to_owned() };
    let found = client.get_secret_value().secret_id(arn).send().await;
    let found = found.map_err(|failed| error(failed.code().unwrap_or("out of reach")))?;
    // Pasted secrets often end in a line break, which a header cannot contain.
    found.secret_string().map(|text| Secret::new(text.trim())).ok_or_else(|| error("not a text"))
}

#[cfg(test)]
mod tests {
    use aws_sdk_secretsmanager::config::{BehaviorVersion, Config, Credentials, Region};

    use super::*;
    use crate::lookup::loopback::{reply, serve};

    #[tokio::test]
    async fn a_refused_secret_is_read_again_at_most_once_a_minute() {
        let answer = r#"{"ARN":"arn","Name":"name","SecretString":"new\n"}"#;
        let (base, asked) = serve(reply("200 OK", "Content-Type: application/x-amz-json-1.1\r\n", answer));
        let config = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(crate::client::aws::over(crate::client::web::client(None).unwrap()))
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::new("id", "key", None, None, "test"))
            .endpoint_url(base);
        let client = Client::from_conf(config.build());
        let old = Secret::new("old");
        let credential = Credential { origin: Some((client, "arn".to_owned())), ..old.clone().into() };
        assert_eq!(credential.replacement_for(&old).await, None, "the secret has just been read");

        tokio::time::pause();
        tokio::time::advance(MIN_READ_INTERVAL).await;
        tokio::time::resume();
        let (one, other) = tokio::join!(credential.replacement_for(&old), credential.replacement_for(&old));
        let new = Secret::new("new");
        assert_eq!(
            (one.as_ref(), other.as_ref()),
            (Some(&new), Some(&new)),
            "both were refused, and one read again for both"
        );
        assert_eq!(credential.secret().await, new);
        assert_eq!(credential.replacement_for(&new).await, None, "the secret has just been read again");
        assert!(asked.join().unwrap().contains("x-amz-target: secretsmanager.GetSecretValue"));
    }

    #[tokio::test]
    async fn a_secret_from_the_environment_has_no_replacement() {
        let fixed = Secret::new("fixed");
        assert_eq!(Credential::from(fixed.clone()).replacement_for(&fixed).await, None);
    }
}
