//! Why a function cannot start.

use crate::client::credential::CredentialError;
use crate::client::web::ClientError;
use crate::settings::SettingsError;

/// The function could not start. Each variant says what was missing; an operator has to fix it.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each inner error describes itself")]
pub enum StartError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Credential(#[from] CredentialError),
}

/// Starts a function, and logs the error when that fails. The runtime prints an error that `main` returns without time
/// and level, so no query for errors would find it.
///
/// # Errors
/// What `start` returns.
pub async fn logged<T>(start: impl Future<Output = Result<T, StartError>>) -> Result<T, StartError> {
    start.await.inspect_err(|error| tracing::error!(%error, "the function cannot start"))
}
