//! Why a function cannot start.

use crate::client::credential::CredentialError;
use crate::client::web::ClientError;
use crate::settings::SettingsError;

/// What a function needs before its first request is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No region.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// No HTTP client.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// No credential with a service outside.
    #[error(transparent)]
    Credential(#[from] CredentialError),
}

/// What a function is started with; or else a line in the log that says why it is not to be had. What `main` returns as an
/// error is printed without time and level, where no query for errors finds it.
pub(crate) async fn logged<T>(start: impl Future<Output = Result<T, StartError>>) -> Result<T, StartError> {
    start.await.inspect_err(|error| tracing::error!(%error, "the function cannot start"))
}
