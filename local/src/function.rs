//! A Lambda function as those see it who invoke it: JSON goes in, JSON comes out, within a time limit.
//!
//! The event is handed over as text and the answer comes back through its own serialisation, so a handler meets
//! the very conversions that it meets in Lambda.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use data_encoding::HEXLOWER;
use lambda_runtime::{Context, LambdaEvent};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tower::{Service, ServiceExt, util::BoxCloneSyncService};

use crate::random;

/// A function that can be invoked; clones invoke the same one, at the same time if need be.
#[derive(Clone)]
pub struct Function {
    name: Arc<str>,
    time_limit: Duration,
    service: BoxCloneSyncService<LambdaEvent<String>, Value, InvokeError>,
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function")
            .field("name", &self.name)
            .field("time_limit", &self.time_limit)
            .finish_non_exhaustive()
    }
}

/// Why an invocation has no answer. None of these says what was in the event.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// The event is not what the function takes.
    #[error("the event is not of the function's type")]
    Event,
    /// The handler returned an error.
    #[error("the function failed: {0}")]
    Failed(lambda_runtime::Error),
    /// The answer cannot be written as JSON.
    #[error("the answer is not JSON")]
    Answer,
    /// The handler panicked.
    #[error("the function panicked")]
    Panicked,
    /// The function's time limit has passed.
    #[error("the function timed out")]
    TimedOut,
}

impl Function {
    /// A function of the given name that may take `time_limit` for one invocation.
    pub fn new<S, E>(name: &str, time_limit: Duration, service: S) -> Self
    where
        S: Service<LambdaEvent<E>> + Clone + Send + Sync + 'static,
        S::Response: Serialize,
        S::Error: Into<lambda_runtime::Error>,
        S::Future: Send + 'static,
        E: DeserializeOwned + Send + 'static,
    {
        let over_json = tower::service_fn(move |event: LambdaEvent<String>| {
            let service = service.clone();
            async move {
                let payload = serde_json::from_str(&event.payload).map_err(|_| InvokeError::Event)?;
                let answer = service
                    .oneshot(LambdaEvent::new(payload, event.context))
                    .await
                    .map_err(|error| InvokeError::Failed(error.into()))?;
                serde_json::to_value(answer).map_err(|_| InvokeError::Answer)
            }
        });
        Self { name: name.into(), time_limit, service: BoxCloneSyncService::new(over_json) }
    }

    /// The same function with another time limit.
    #[must_use]
    pub fn within(&self, time_limit: Duration) -> Self {
        Self { time_limit, ..self.clone() }
    }

    /// The function's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Invokes the function with `event` and returns its answer. Like Lambda, it runs on when the caller goes away.
    ///
    /// # Errors
    /// When the function fails, panics or takes longer than it may.
    pub async fn invoke(&self, event: &Value) -> Result<Value, InvokeError> {
        let (function, event) = (self.clone(), event.clone());
        tokio::spawn(async move { function.run(&event).await }).await.unwrap_or(Err(InvokeError::Panicked))
    }

    /// Invokes the function, and ends it where it stands when the caller drops the future: as a process ends that is
    /// killed.
    ///
    /// # Errors
    /// When the function fails or takes longer than it may. A panic goes through to the caller.
    pub async fn run(&self, event: &Value) -> Result<Value, InvokeError> {
        let event = LambdaEvent::new(event.to_string(), self.context());
        let run = tokio::time::timeout(self.time_limit, self.service.clone().oneshot(event));
        run.await.unwrap_or(Err(InvokeError::TimedOut))
    }

    fn context(&self) -> Context {
        let deadline = SystemTime::now() + self.time_limit;
        let since_epoch = deadline.duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut context = Context::default();
        context.request_id = request_id();
        context.deadline = u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX);
        context.invoked_function_arn = format!("arn:aws:lambda:us-east-1:000000000000:function:{}", self.name);
        Arc::make_mut(&mut context.env_config).function_name = self.name.to_string();
        context
    }
}

/// A version 4 UUID, which is what Lambda's request ids are.
fn request_id() -> String {
    let mut bytes = random::bytes::<16>();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = HEXLOWER.encode(&bytes);
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use lambda_runtime::service_fn;
    use serde_json::json;

    use super::*;

    const AMPLE: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn json_goes_in_and_comes_out_with_a_context() {
        let echo = Function::new(
            "echo",
            AMPLE,
            service_fn(async |event: LambdaEvent<Value>| {
                let remaining = event.context.deadline().duration_since(SystemTime::now());
                Ok::<_, Infallible>(json!({
                    "payload": event.payload,
                    "id": event.context.request_id,
                    "name": event.context.env_config.function_name,
                    "hasTime": remaining.is_ok(),
                }))
            }),
        );
        let first = echo.invoke(&json!({"a": 1})).await.unwrap();
        let second = echo.invoke(&json!({"a": 1})).await.unwrap();
        assert_eq!(first["payload"], json!({"a": 1}));
        assert_eq!(first["name"], "echo");
        assert_eq!(first["hasTime"], true);
        assert_eq!(first["id"].as_str().unwrap().len(), 36);
        assert_ne!(first["id"], second["id"]);
    }

    #[tokio::test]
    async fn each_way_to_fail_is_told_apart() {
        let fallible = Function::new(
            "fallible",
            AMPLE,
            service_fn(async |event: LambdaEvent<String>| match event.payload.as_str() {
                "fail" => Err(lambda_runtime::Error::from("no luck")),
                "panic" => panic!("on purpose"),
                _ => Ok(()),
            }),
        );
        let stuck = Function::new(
            "stuck",
            Duration::ZERO,
            service_fn(async |_: LambdaEvent<Value>| {
                std::future::pending::<()>().await;
                Ok::<_, Infallible>(())
            }),
        );
        let of = async |function: &Function, event: Value| function.invoke(&event).await.unwrap_err().to_string();
        assert_eq!(of(&fallible, json!("fail")).await, "the function failed: no luck");
        assert_eq!(of(&fallible, json!("panic")).await, "the function panicked");
        assert_eq!(of(&fallible, json!(["secret"])).await, "the event is not of the function's type");
        assert_eq!(of(&stuck, json!({})).await, "the function timed out");
    }
}
