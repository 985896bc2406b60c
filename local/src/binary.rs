//! A function's binary, as Lambda runs it: processes that each handle one event at a time under a Runtime API.

use std::ffi::OsString;
use std::fs::File;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;
use tokio::process::{Child, Command};

use crate::function::Function;
use crate::runtime_api::{RuntimeApi, Unanswered};

/// A function's binary, and the arguments and environment of its processes.
#[derive(Clone, Debug)]
pub struct Binary {
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(&'static str, String)>,
    log: Option<PathBuf>,
}

/// A running process. Dropping it kills the process at once.
#[derive(Debug)]
pub struct Process {
    api: RuntimeApi,
    child: Child,
}

/// Why a process has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It cannot be started, or its log cannot be opened.
    #[error("the process cannot be started: {0}")]
    Start(#[from] std::io::Error),
    /// It has reported an error.
    #[error(transparent)]
    Unanswered(#[from] Unanswered),
    /// It has exited.
    #[error("the process has exited")]
    Ended,
    /// Its answer is not JSON.
    #[error("the answer is not JSON")]
    Answer,
}

impl Binary {
    /// A binary whose processes get these variables and, from this process, only `PATH`.
    pub fn new(program: impl Into<PathBuf>, environment: Vec<(&'static str, String)>) -> Self {
        Self { program: program.into(), arguments: Vec::new(), environment, log: None }
    }

    /// Adds arguments, such as an interpreter's script.
    #[must_use]
    pub fn arguments(self, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        Self { arguments: arguments.into_iter().map(Into::into).collect(), ..self }
    }

    /// Adds a variable.
    #[must_use]
    pub fn variable(mut self, name: &'static str, value: String) -> Self {
        self.environment.push((name, value));
        self
    }

    /// Appends the output of its processes to a file. By default it is discarded.
    #[must_use]
    pub fn log(self, file: impl Into<PathBuf>) -> Self {
        Self { log: Some(file.into()), ..self }
    }

    /// Starts a process. It may still be initializing: [`Process::idle`] waits for the end of that.
    ///
    /// # Errors
    /// [`ProcessError::Start`].
    pub async fn start(&self) -> Result<Process, ProcessError> {
        let api = RuntimeApi::start().await?;
        let output = || -> std::io::Result<Stdio> {
            Ok(match &self.log {
                Some(log) => File::options().append(true).create(true).open(log)?.into(),
                None => Stdio::null(),
            })
        };
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("AWS_LAMBDA_RUNTIME_API", api.address())
            .env("AWS_LAMBDA_FUNCTION_NAME", self.program.file_stem().unwrap_or_default())
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .stdin(Stdio::null())
            .stdout(output()?)
            .stderr(output()?)
            .kill_on_drop(true)
            .spawn()?;
        Ok(Process { api, child })
    }

    /// A function made of its processes. An event goes to an idle process, or to a new one if all are busy. Dropping the
    /// invocation, or exceeding the time limit, kills the process that handles it.
    pub fn function(self, time_limit: Duration) -> Function {
        let name = self.program.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let shared = Arc::new((self, Mutex::<Vec<Process>>::default()));
        let service = service_fn(move |event: LambdaEvent<Value>| {
            let shared = Arc::clone(&shared);
            async move {
                let (binary, idle) = &*shared;
                let idle = || idle.lock().unwrap_or_else(PoisonError::into_inner);
                let waiting = idle().pop();
                let mut process = match waiting {
                    Some(process) => process,
                    None => binary.start().await?,
                };
                let event = LambdaEvent::new(Bytes::from(event.payload.to_string()), event.context);
                let answer = process.invoke(event).await?;
                idle().push(process);
                serde_json::from_slice::<Value>(&answer).map_err(|_| ProcessError::Answer)
            }
        });
        Function::new(&name, time_limit, service)
    }
}

impl Process {
    /// Waits until the process is initialized and has handled all its events.
    ///
    /// # Errors
    /// [`ProcessError`] when it cannot start or exits.
    pub async fn idle(&mut self) -> Result<(), ProcessError> {
        tokio::select! {
            idle = self.api.idle() => Ok(idle?),
            _ = self.child.wait() => Err(ProcessError::Ended),
        }
    }

    /// Sends the process an event and waits for the answer.
    ///
    /// # Errors
    /// [`ProcessError`] when it reports an error or exits.
    pub async fn invoke(&mut self, event: LambdaEvent<Bytes>) -> Result<Bytes, ProcessError> {
        tokio::select! {
            answer = self.api.invoke(event) => Ok(answer?),
            _ = self.child.wait() => Err(ProcessError::Ended),
        }
    }

    /// Waits until the process has exited.
    ///
    /// # Errors
    /// When the operating system cannot tell.
    pub async fn ended(&mut self) -> std::io::Result<()> {
        self.child.wait().await.map(drop)
    }

    /// The process id, or `None` once the process has exited.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }
}
