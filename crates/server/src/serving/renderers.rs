//! What takes a processor and a report in memory, so many at a time as there are processors.

use std::num::NonZeroUsize;
use std::sync::Arc;

use tokio::sync::Semaphore;

/// Places for what is rendered.
#[derive(Debug)]
pub(crate) struct Renderers(Arc<Semaphore>);

impl Default for Renderers {
    fn default() -> Self {
        Self::new(std::thread::available_parallelism().map_or(1, NonZeroUsize::get))
    }
}

impl Renderers {
    fn new(places: usize) -> Self {
        Self(Arc::new(Semaphore::new(places)))
    }

    /// Renders on a thread of its own, when there is a place. Whoever waits no longer leaves theirs; what
    /// was begun keeps its place to its end. `None` where it crashed.
    pub(crate) async fn render<T: Send + 'static>(
        &self,
        render: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        // Nobody closes it.
        let place = self.0.clone().acquire_owned().await.ok()?;
        let rendered = tokio::task::spawn_blocking(move || {
            let rendered = render();
            drop(place);
            rendered
        });
        rendered.await.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::Renderers;

    #[tokio::test]
    async fn as_many_are_rendered_at_a_time_as_there_are_places() {
        let renderers = Arc::new(Renderers::new(2));
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut calls = tokio::task::JoinSet::new();
        for number in 0..20 {
            let (renderers, now, most) = (renderers.clone(), now.clone(), most.clone());
            calls.spawn(async move {
                let work = move || {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(10));
                    now.fetch_sub(1, Ordering::SeqCst);
                    number
                };
                // Some go away before it is done.
                let _ = tokio::time::timeout(
                    Duration::from_millis(if number % 3 == 0 { 1 } else { 10_000 }),
                    renderers.render(work),
                )
                .await;
            });
        }
        while calls.join_next().await.is_some() {}
        assert!((1..=2).contains(&most.load(Ordering::SeqCst)), "{most:?}");
        // A crash gives its place back.
        for _ in 0..5 {
            assert_eq!(renderers.render(|| -> u8 { panic!("as a test") }).await, None);
        }
        assert_eq!(renderers.render(|| 1).await, Some(1));
    }
}
