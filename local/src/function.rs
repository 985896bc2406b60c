//! A Lambda function as its callers see it: JSON in, JSON out, within a time limit.
//!
//! The event is passed as text and the answer is serialized, so a handler goes through the same conversions as in Lambda.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lambda_runtime::{Context, LambdaEvent};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt};
use uuid::Uuid;

/// A function that can be invoked. Clones invoke the same function, also at the same time.
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

/// Why an invocation has no answer. No message says what was in the event.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// The event does not deserialize.
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
    /// Creates a function that may take `time_limit` for one invocation.
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

    /// The name, which is in logs and the context.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Invokes the function and returns its answer. As in Lambda, the function continues when the caller is gone.
    ///
    /// # Errors
    /// When the function fails, panics or exceeds its time limit.
    pub async fn invoke(&self, event: &Value) -> Result<Value, InvokeError> {
        let (function, event) = (self.clone(), event.clone());
        tokio::spawn(async move { function.run(&event).await }).await.unwrap_or(Err(InvokeError::Panicked))
    }

    /// Invokes the function, and stops it at once when the caller drops the future, as if its process were killed.
    ///
    /// # Errors
    /// When the function fails or exceeds its time limit. A panic propagates to the caller.
    pub async fn run(&self, event: &Value) -> Result<Value, InvokeError> {
        let event = LambdaEvent::new(event.to_string(), self.context());
        let run = tokio::time::timeout(self.time_limit, self.service.clone().oneshot(event));
        run.await.unwrap_or(Err(InvokeError::TimedOut))
    }

    fn context(&self) -> Context {
        let deadline = SystemTime::now() + self.time_limit;
        let since_epoch = deadline.duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut context = Context::default();
        context.request_id = Uuid::new_v4().to_string();
        context.deadline = u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX);
        context.invoked_function_arn = format!("arn:aws:lambda:us-east-1:000000000000:function:{}", self.name);
        Arc::make_mut(&mut context.env_config).function_name = self.name.to_string();
        context
    }
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
    async fn each_kind_of_failure_has_its_own_error() {
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
