//! A function invoked by the clock, as a scheduler does it for the sweep.

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use tokio::sync::Notify;

use crate::{
    function::Function,
    task::{Stopping, Task},
};

/// A function invoked again and again with one event, never twice at the same time.
#[derive(Debug)]
pub struct Schedule {
    now: Arc<Notify>,
    task: Task,
}

impl Schedule {
    /// Invokes `function` with `event` each `period`, the first time when one has passed.
    pub fn start(period: Duration, event: Value, function: Function) -> Self {
        let now = Arc::new(Notify::new());
        let asked = Arc::clone(&now);
        let task = Task::spawn(async move |mut stopping: Stopping| {
            loop {
                tokio::select! {
                    () = stopping.requested() => break,
                    () = tokio::time::sleep(period) => {}
                    () = asked.notified() => {}
                }
                if let Err(error) = function.invoke(&event).await {
                    tracing::error!(function = function.name(), "a scheduled run failed: {error}");
                }
            }
        });
        Self { now, task }
    }

    /// Asks for a run now, or after the one under way.
    pub fn run_now(&self) {
        self.now.notify_one();
    }

    /// Finishes the run under way and ends.
    pub async fn stop(self) {
        self.task.stop().await;
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use lambda_runtime::{LambdaEvent, service_fn};
    use serde_json::json;
    use tokio::sync::mpsc::{self, UnboundedReceiver};

    use super::*;

    const AMPLE: Duration = Duration::from_secs(60);

    /// A function that tells of each event.
    fn telling() -> (Function, UnboundedReceiver<Value>) {
        let (tell, told) = mpsc::unbounded_channel();
        let service = service_fn(move |event: LambdaEvent<Value>| {
            let tell = tell.clone();
            async move {
                let _ = tell.send(event.payload);
                Ok::<_, Infallible>(())
            }
        });
        (Function::new("f", AMPLE, service), told)
    }

    async fn next(told: &mut UnboundedReceiver<Value>) -> Value {
        tokio::time::timeout(AMPLE, told.recv()).await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn a_schedule_runs_by_itself_and_when_asked() {
        let event = json!({"type": "sweep"});
        let (function, mut told) = telling();
        let often = Schedule::start(Duration::from_millis(1), event.clone(), function);
        assert_eq!(next(&mut told).await, event);
        assert_eq!(next(&mut told).await, event);
        often.stop().await;

        let (function, mut told) = telling();
        let rarely = Schedule::start(Duration::from_secs(86_400), event.clone(), function);
        rarely.run_now();
        assert_eq!(next(&mut told).await, event);
        rarely.stop().await;
        assert!(told.recv().await.is_none(), "stopped, it does not run again");
    }
}
