//! Background tasks that stop when asked. Everything in this crate is stopped this way.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long [`Task::stop`] waits: longer than an intake function's timeout.
const STOP_TIMEOUT: Duration = Duration::from_secs(15);

/// A background task. Dropping it also asks the task to stop, but does not wait.
#[derive(Debug)]
pub struct Task {
    running: watch::Sender<()>,
    work: JoinHandle<()>,
}

impl Task {
    /// Starts `work`, which must return soon after its [`Stopping`] resolves.
    pub fn spawn<W, F>(work: W) -> Self
    where
        W: FnOnce(Stopping) -> F,
        F: Future<Output = ()> + Send + 'static,
    {
        let (running, stopping) = watch::channel(());
        Self { running, work: tokio::spawn(work(Stopping(stopping))) }
    }

    /// Asks the task to stop and waits for it. A task that does not stop within 15 seconds is aborted.
    pub async fn stop(self) {
        drop(self.running);
        let abort = self.work.abort_handle();
        match tokio::time::timeout(STOP_TIMEOUT, self.work).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => tracing::error!("a background task has panicked"),
            Err(_) => {
                abort.abort();
                tracing::warn!("a background task did not stop in time and was aborted");
            }
        }
    }
}

/// Tells a background task to stop.
#[derive(Clone, Debug)]
pub struct Stopping(watch::Receiver<()>);

impl Stopping {
    /// Resolves as soon as the task should stop, and immediately after that.
    pub async fn requested(&mut self) {
        // Nothing is sent. Closing the channel is the signal, so it cannot be missed.
        while self.0.changed().await.is_ok() {}
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn stopping_waits_for_the_task() {
        let (done, mut finished) = oneshot::channel();
        let task = Task::spawn(async move |mut stopping: Stopping| {
            stopping.requested().await;
            stopping.requested().await; // it stays requested
            let _ = done.send(());
        });
        task.stop().await;
        assert_eq!(finished.try_recv(), Ok(()));
    }

    #[tokio::test]
    async fn dropping_stops_the_task() {
        let (done, finished) = oneshot::channel();
        drop(Task::spawn(async move |mut stopping: Stopping| {
            stopping.requested().await;
            let _ = done.send(());
        }));
        assert_eq!(finished.await, Ok(()));
    }
}
