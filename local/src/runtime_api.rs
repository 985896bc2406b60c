//! Lambda's Runtime API on loopback. A function's process gets its events and sends its answers here, as on AWS.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use lambda_runtime::{Context, LambdaEvent};
use tokio::sync::{mpsc, oneshot, watch};

use crate::server;
use crate::task::Task;

/// A Runtime API for one process.
#[derive(Debug)]
pub struct RuntimeApi {
    address: String,
    invocations: mpsc::UnboundedSender<LambdaEvent<Bytes>>,
    shared: Arc<Shared>,
    _server: Task,
}

/// Why an event has no answer. Details are in the log of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// The process cannot start.
    #[error("the function could not be initialized")]
    Init,
    /// The handler returned an error or panicked.
    #[error("the function reported an error")]
    Failed,
}

#[derive(Debug)]
struct Shared {
    waiting: tokio::sync::Mutex<mpsc::UnboundedReceiver<LambdaEvent<Bytes>>>,
    /// The number of events that were sent to the process.
    given: AtomicU64,
    /// The number of events that the process has asked for.
    asked: watch::Sender<Result<u64, Unanswered>>,
    answers: Mutex<HashMap<String, oneshot::Sender<Result<Bytes, Unanswered>>>>,
}

impl RuntimeApi {
    /// Starts on any free port.
    ///
    /// # Errors
    /// When no port can be opened.
    pub async fn start() -> io::Result<Self> {
        let (invocations, waiting) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            waiting: tokio::sync::Mutex::new(waiting),
            given: AtomicU64::new(0),
            asked: watch::Sender::new(Ok(0)),
            answers: Mutex::default(),
        });
        let routes = Router::new()
            .route("/invocation/next", get(next))
            .route("/invocation/{id}/response", post(response))
            .route("/invocation/{id}/error", post(error))
            .route("/init/error", post(init_error));
        let router = Router::new().nest("/2018-06-01/runtime", routes).with_state(Arc::clone(&shared));
        let listener = server::listen(0).await?;
        let address = listener.local_addr()?.to_string();
        let server = Task::spawn(|stopping| server::serve_router(listener, stopping, router));
        Ok(Self { address, invocations, shared, _server: server })
    }

    /// The value of `AWS_LAMBDA_RUNTIME_API` for the process: host and port.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Waits until the process asks for the next event: it is initialized and has handled all others.
    ///
    /// # Errors
    /// [`Unanswered::Init`] when the process reports that it cannot start.
    pub async fn idle(&self) -> Result<(), Unanswered> {
        let given = self.shared.given.load(Ordering::Relaxed);
        let mut asked = self.shared.asked.subscribe();
        let idle = asked.wait_for(|asked| asked.is_ok_and(|asked| asked > given) || asked.is_err()).await;
        idle.map_err(|_| Unanswered::Init)?.map(drop)
    }

    /// Sends the process an event and waits for the answer.
    ///
    /// # Errors
    /// [`Unanswered`] when the process reports an error. If the process dies, this waits forever: the caller watches the process.
    pub async fn invoke(&self, event: LambdaEvent<Bytes>) -> Result<Bytes, Unanswered> {
        let (answer, answered) = oneshot::channel();
        self.shared.answers().insert(event.context.request_id.clone(), answer);
        self.shared.given.fetch_add(1, Ordering::Relaxed);
        self.invocations.send(event).map_err(|_| Unanswered::Failed)?;
        answered.await.unwrap_or(Err(Unanswered::Failed))
    }
}

impl Shared {
    fn answers(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<Result<Bytes, Unanswered>>>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, id: &str, answer: Result<Bytes, Unanswered>) -> Response {
        match self.answers().remove(id) {
            Some(waiting) => {
                // Lambda accepts the answer even when the caller is gone.
                let _ = waiting.send(answer);
                StatusCode::ACCEPTED.into_response()
            }
            None => StatusCode::BAD_REQUEST.into_response(),
        }
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    shared.asked.send_modify(|asked| *asked = asked.map(|asked| asked + 1));
    let Some(LambdaEvent { payload, context, .. }) = shared.waiting.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let Context { request_id, deadline, invoked_function_arn, .. } = context;
    let headers = [
        ("lambda-runtime-aws-request-id", request_id),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        ("lambda-runtime-invoked-function-arn", invoked_function_arn),
        ("content-type", "application/json".to_owned()),
    ];
    (headers, Body::from(payload)).into_response()
}

async fn response(State(shared): State<Arc<Shared>>, Path(id): Path<String>, answer: Bytes) -> Response {
    shared.answer(&id, Ok(answer))
}

async fn error(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    shared.answer(&id, Err(Unanswered::Failed))
}

async fn init_error(State(shared): State<Arc<Shared>>) -> Response {
    shared.asked.send_modify(|asked| *asked = Err(Unanswered::Init));
    StatusCode::ACCEPTED.into_response()
}
