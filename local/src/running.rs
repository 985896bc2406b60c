//! The files by which other programs find a running stack: `running.json` for `leadctl --local`, `functions.env` for
//! functions that run elsewhere.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Serialize;
use tempfile::TempDir;

/// The credential for engines and stand-ins, which accept any.
pub(crate) const STAND_IN: &str = "local";
pub(crate) const STAND_IN_ACCOUNT: &str = "AC00000000000000000000000000000000";

/// The value of `PHONE_LOOKUP` without a provider, and its address in that case.
pub(crate) const NO_LOOKUP: &str = "none";

const RUNNING: &str = "running.json";
const ENVIRONMENT: &str = "functions.env";

/// The addresses of everything that runs. `running.json` holds them.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names say it")]
pub struct Addresses {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
    /// The development issuer of users' tokens. Without a gateway there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    pub dynamodb: String,
    pub sqs: String,
    pub queue_url: String,
    pub dead_letter_queue_url: String,
    pub sources_table: String,
    pub leads_table: String,
    pub limits_table: String,
    pub ledger_table: String,
    pub region: String,
    pub trusted_form: String,
    pub phone_lookup: String,
    pub bus: String,
    pub event_bus_name: String,
    pub pid: u32,
}

impl Addresses {
    /// The environment of functions that run outside of this stack, by the names of its variables.
    ///
    /// The keys for TrustedForm and the lookup provider are those of the stand-ins. For a real service, the person who runs
    /// the function adds the key.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let of = |name, value: &str| (name, value.to_owned());
        let lookup = if self.phone_lookup == NO_LOOKUP { NO_LOOKUP } else { "twilio" };
        vec![
            of("AWS_ENDPOINT_URL_DYNAMODB", &self.dynamodb),
            of("AWS_ENDPOINT_URL_SQS", &self.sqs),
            of("AWS_ENDPOINT_URL_EVENTBRIDGE", &self.bus),
            of("AWS_REGION", &self.region),
            of("AWS_ACCESS_KEY_ID", STAND_IN),
            of("AWS_SECRET_ACCESS_KEY", STAND_IN),
            of("SOURCES_TABLE", &self.sources_table),
            of("LEADS_TABLE", &self.leads_table),
            of("LIMITS_TABLE", &self.limits_table),
            of("LEAD_CREATED_QUEUE_URL", &self.queue_url),
            of("EVENT_BUS_NAME", &self.event_bus_name),
            of("READER_DIGEST_KEY", STAND_IN),
            of("TRUSTED_FORM_URL", &self.trusted_form),
            of("TRUSTED_FORM_API_KEY", STAND_IN),
            of("PHONE_LOOKUP", lookup),
            of("TWILIO_URL", &self.phone_lookup),
            of("TWILIO_ACCOUNT_SID", STAND_IN_ACCOUNT),
            of("TWILIO_AUTH_TOKEN", STAND_IN),
            // The page starts, but no user can sign in there: only the gateway has an issuer.
            of("USER_AUTHORIZE_URL", "/sign-in"),
            of("USER_TOKEN_URL", "/sign-in/token"),
            of("USER_CLIENT_ID", STAND_IN),
            of("USER_SCOPE", "leads:read conversations:write"),
        ]
    }
}

/// The directory in which a running stack keeps these files. A directory belongs to one running stack at a time.
#[derive(Debug)]
pub struct Claim {
    directory: PathBuf,
    /// The temporary directory of a stack whose directory was taken. Dropping this deletes it.
    temporary: Option<TempDir>,
    /// Held while the directory belongs to this stack.
    _lock: Option<fs::File>,
}

impl Claim {
    /// Claims this directory, or a temporary one if another running stack has claimed it.
    ///
    /// # Errors
    /// When no directory can be created.
    pub fn take(directory: &Path) -> anyhow::Result<Self> {
        match lock(directory, "running.lock")? {
            Some(lock) => {
                // A killed stack has left its file: no one should find it while this one starts.
                let _ = fs::remove_file(directory.join(RUNNING));
                Ok(Self { directory: directory.to_owned(), temporary: None, _lock: Some(lock) })
            }
            None => {
                let temporary = tempfile::Builder::new().prefix("leadping-").tempdir();
                let temporary = temporary.context("cannot create a temporary directory")?;
                Ok(Self { directory: temporary.path().to_owned(), temporary: Some(temporary), _lock: None })
            }
        }
    }

    /// Whether another stack had claimed the directory.
    pub fn is_temporary(&self) -> bool {
        self.temporary.is_some()
    }

    /// The directory, which `leadctl --data` takes.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The path of `functions.env`.
    pub fn environment(&self) -> PathBuf {
        self.directory.join(ENVIRONMENT)
    }

    /// Writes the files. `running.json` comes last: it says that the stack is ready.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn announce(&self, addresses: &Addresses) -> anyhow::Result<()> {
        let lines = addresses.environment().into_iter().map(|(name, value)| format!("{name}={value}\n"));
        self.write(ENVIRONMENT, &lines.collect::<String>())?;
        self.write(RUNNING, &serde_json::to_string_pretty(addresses)?)
    }

    /// Deletes the files and releases the directory.
    ///
    /// # Errors
    /// When a file cannot be deleted.
    pub fn release(self) -> std::io::Result<()> {
        fs::remove_file(self.directory.join(RUNNING))?;
        fs::remove_file(self.directory.join(ENVIRONMENT))?;
        self.temporary.map_or(Ok(()), TempDir::close)
    }

    /// Writes a file as a whole, so that no reader finds half of it.
    fn write(&self, name: &str, text: &str) -> anyhow::Result<()> {
        let (path, half) = (self.directory.join(name), self.directory.join(format!("{name}.new")));
        let written = fs::write(&half, text).and_then(|()| fs::rename(&half, &path));
        written.with_context(|| format!("cannot write {}", path.display()))
    }
}

/// Locks a file in this directory, for as long as the returned file is open. Returns `None` when another process holds it.
///
/// # Errors
/// When the directory or file cannot be created or locked.
pub(crate) fn lock(directory: &Path, name: &str) -> anyhow::Result<Option<fs::File>> {
    fs::create_dir_all(directory).with_context(|| format!("cannot create the directory {}", directory.display()))?;
    let path = directory.join(name);
    let file = fs::File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_belongs_to_the_first_stack_until_it_ends() {
        let data = tempfile::tempdir().unwrap();
        let first = Claim::take(data.path()).unwrap();
        let second = Claim::take(data.path()).unwrap();
        assert_eq!((first.directory(), first.is_temporary()), (data.path(), false));
        assert!(second.directory() != data.path() && second.is_temporary());
        let directory = second.directory().to_owned();
        drop((first, second));
        assert!(!directory.exists());
        assert!(!Claim::take(data.path()).unwrap().is_temporary());
    }
}
