//! One list of everything for all who wait for theirs. The engine goes through all that it has for every list, however little
//! is asked for: on a machine full of apps, a list for each of them takes a controller that starts most of its time.

use std::sync::Arc;

use tokio::{sync::Mutex, time::Instant};

use crate::platform::Error;

/// The last list that was made for many.
pub(super) struct Crowd<T> {
    newest: Mutex<Option<(Instant, Arc<T>)>>,
}

impl<T> Default for Crowd<T> {
    fn default() -> Self {
        Self { newest: Mutex::default() }
    }
}

impl<T> Crowd<T> {
    /// A list that was asked for after `since`: the last one, or else what `list` answers.
    pub(super) async fn since(
        &self,
        since: Instant,
        list: impl Future<Output = Result<T, Error>>,
    ) -> Result<Arc<T>, Error> {
        let mut newest = self.newest.lock().await;
        if let Some((asked, listed)) = &*newest
            && *asked >= since
        {
            return Ok(listed.clone());
        }
        let asked = Instant::now();
        let listed = Arc::new(list.await?);
        *newest = Some((asked, listed.clone()));
        Ok(listed)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures_util::future::join_all;
    use tokio::time::Instant;

    use super::Crowd;
    use crate::platform::Error;

    #[tokio::test]
    async fn who_waits_shares_a_list_that_was_asked_for_later() {
        let (crowd, lists) = (Crowd::default(), AtomicU32::new(0));
        let list = || async {
            tokio::task::yield_now().await;
            Ok::<_, Error>(lists.fetch_add(1, Ordering::Relaxed))
        };
        let asked = Instant::now();
        let answers = join_all((0..100).map(|_| crowd.since(asked, list()))).await;
        assert!(answers.into_iter().all(|answer| *answer.unwrap() == 0));
        // What changed in between has to be seen.
        assert_eq!(*crowd.since(Instant::now(), list()).await.unwrap(), 1);
        assert_eq!(*crowd.since(asked, list()).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_list_that_failed_is_asked_for_again() {
        let crowd = Crowd::default();
        let now = Instant::now();
        assert!(crowd.since(now, async { Err::<u32, _>(Error::Gone) }).await.is_err());
        assert_eq!(*crowd.since(now, async { Ok(7) }).await.unwrap(), 7);
    }
}
