//! A schedule that invokes a function, as EventBridge Scheduler does for the sweep.

use std::time::Duration;

use serde_json::Value;

use crate::function::Function;
use crate::task::{Stopping, Task};

/// A function that is invoked with one event, again and again, and never twice at the same time.
#[derive(Debug)]
pub struct Schedule(Task);

impl Schedule {
    /// Invokes `function` with `event` every `period`, first after one period.
    pub fn start(period: Duration, event: Value, function: Function) -> Self {
        Self(Task::spawn(async move |mut stopping: Stopping| {
            loop {
                tokio::select! {
                    () = stopping.requested() => break,
                    () = tokio::time::sleep(period) => {}
                }
                if let Err(error) = function.invoke(&event).await {
                    tracing::error!(function = function.name(), "a scheduled run failed: {error}");
                }
            }
        }))
    }

    /// Waits for the current run and stops.
    pub async fn stop(self) {
        self.0.stop().await;
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use lambda_runtime::{LambdaEvent, service_fn};
    use serde_json::json;
    use tokio::sync::mpsc;

    use super::*;

    const AMPLE: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_schedule_runs_until_it_is_stopped() {
        let (sender, mut runs) = mpsc::unbounded_channel();
        let service = service_fn(move |event: LambdaEvent<Value>| {
            let sender = sender.clone();
            async move {
                let _ = sender.send(event.payload);
                Ok::<_, Infallible>(())
            }
        });
        let event = json!({"type": "sweep"});
        let function = Function::new("f", AMPLE, service);
        let schedule = Schedule::start(Duration::from_millis(1), event.clone(), function);
        for _ in 0..2 {
            assert_eq!(tokio::time::timeout(AMPLE, runs.recv()).await.unwrap(), Some(event.clone()));
        }
        schedule.stop().await;
        while runs.try_recv().is_ok() {}
        assert!(runs.recv().await.is_none(), "the stopped schedule has dropped the function");
    }
}
