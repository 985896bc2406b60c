//! Why a function cannot start.

use crate::credential::CredentialError;
use crate::settings::SettingsError;
use crate::web::ClientError;

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
