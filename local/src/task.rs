//! Work in the background that ends when asked: the one way in which everything in this crate is stopped.

use std::time::Duration;

use tokio::{sync::watch, task::JoinHandle};

/// How long [`Task::stop`] waits: longer than any intake function may run (`architecture.md`, Time).
const PATIENCE: Duration = Duration::from_secs(15);

/// Work in the background.
///
/// Dropping it asks the work to end as well, but does not wait for it.
#[derive(Debug)]
pub struct Task {
    running: watch::Sender<()>,
    work: JoinHandle<()>,
}

impl Task {
    /// Starts `work`, which has to return soon after the [`Stopping`] it is given resolves.
    pub fn spawn<W, F>(work: W) -> Self
    where
        W: FnOnce(Stopping) -> F,
        F: Future<Output = ()> + Send + 'static,
    {
        let (running, stopping) = watch::channel(());
        Self { running, work: tokio::spawn(work(Stopping(stopping))) }
    }

    /// Asks the work to end and waits until it has. Work that does not end within 15 seconds is aborted.
    pub async fn stop(self) {
        drop(self.running);
        let abort = self.work.abort_handle();
        match tokio::time::timeout(PATIENCE, self.work).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => tracing::error!("a background task had panicked"),
            Err(_) => {
                abort.abort();
                tracing::warn!("a background task did not end in time and was aborted");
            }
        }
    }
}

/// Tells work in the background that it should end.
#[derive(Clone, Debug)]
pub struct Stopping(watch::Receiver<()>);

impl Stopping {
    /// Resolves once the end has been asked for, and from then on at once.
    pub async fn requested(&mut self) {
        // Nothing is ever sent: the closing of the channel is the message, so nobody can miss it.
        while self.0.changed().await.is_ok() {}
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn stopping_waits_for_the_work_to_end() {
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
    async fn dropping_asks_too() {
        let (done, finished) = oneshot::channel();
        drop(Task::spawn(async move |mut stopping: Stopping| {
            stopping.requested().await;
            let _ = done.send(());
        }));
        assert_eq!(finished.await, Ok(()));
    }
}
