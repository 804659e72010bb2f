//! How many clients may knock at once. It is decided before anything is computed for them.
//!
//! A stranger is a client that has not logged in. When there are too many, the next one waits, and the oldest has to go
//! once it has had its time. Of those that wait, the newest is next: who came to idle idles in the queue, too. So who idles
//! keeps nobody out, and who comes with many honest pushes loses none.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::config::{Limits, Timeouts};

/// So many of one address may wait; the oldest has to go for one more.
const WAITING: usize = 50;

/// All strangers.
#[derive(Clone)]
pub(super) struct Admission(Arc<Shared>);

struct Shared {
    limits: Limits,
    timeouts: Timeouts,
    strangers: Mutex<Strangers>,
    left: Notify,
}

#[derive(Default)]
struct Strangers {
    next: u64,
    waiting: BTreeMap<u64, Stranger>,
    inside: BTreeMap<u64, Stranger>,
}

struct Stranger {
    address: IpAddr,
    since: Instant,
    leave: CancellationToken,
}

/// The place of a stranger; free again when this is dropped.
pub(super) struct Place {
    shared: Arc<Shared>,
    number: u64,
    leave: CancellationToken,
}

impl Admission {
    pub fn new(limits: Limits, timeouts: Timeouts) -> Self {
        Self(Arc::new(Shared { limits, timeouts, strangers: Mutex::default(), left: Notify::new() }))
    }

    /// Waits for a place; nothing when there is none for as long as logging in may take, or too many wait.
    pub async fn enter(&self, address: IpAddr) -> Option<Place> {
        let place = self.0.join(address);
        let end = Instant::now() + self.0.timeouts.login;
        loop {
            let mut left = std::pin::pin!(self.0.left.notified());
            left.as_mut().enable();
            let wait = match self.0.try_enter(place.number, address) {
                Ok(()) => return Some(place),
                Err(until) => until.unwrap_or(end).min(end),
            };
            tokio::select! {
                () = left => {}
                () = place.leave.cancelled() => return None,
                () = sleep_until(wait) => {}
            }
            if Instant::now() >= end {
                return None;
            }
        }
    }
}

impl Shared {
    /// Joins those that wait.
    fn join(self: &Arc<Self>, address: IpAddr) -> Place {
        let mut strangers = self.lock();
        if let Some((oldest, _)) = in_the_way(&strangers.waiting, WAITING, Some(address)) {
            strangers.send_away(oldest);
        }
        let (number, leave) = (strangers.next, CancellationToken::new());
        strangers.next += 1;
        strangers.waiting.insert(number, Stranger { address, since: Instant::now(), leave: leave.clone() });
        Place { shared: self.clone(), number, leave }
    }

    /// Enters, or tells when the oldest of those in the way has had its time, if that is what it waits for.
    fn try_enter(&self, number: u64, address: IpAddr) -> Result<(), Option<Instant>> {
        let mut strangers = self.lock();
        let newest = strangers.waiting.iter().rev().find(|(_, stranger)| stranger.address == address);
        if newest.is_none_or(|(newest, _)| *newest != number) {
            return Err(None);
        }
        let Self { limits, timeouts, .. } = self;
        for (most, whose) in [(limits.strangers_per_address, Some(address)), (limits.strangers, None)] {
            if let Some((oldest, since)) = in_the_way(&strangers.inside, most, whose) {
                let until = since + timeouts.patience;
                if Instant::now() < until {
                    return Err(Some(until));
                }
                strangers.send_away(oldest);
            }
        }
        if let Some(stranger) = strangers.waiting.remove(&number) {
            strangers.inside.insert(number, Stranger { since: Instant::now(), ..stranger });
        }
        self.left.notify_waiters();
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Strangers> {
        self.strangers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Strangers {
    fn send_away(&mut self, number: u64) {
        if let Some(stranger) = self.inside.remove(&number).or_else(|| self.waiting.remove(&number)) {
            stranger.leave.cancel();
        }
    }
}

/// The oldest of this address, or of all, when there are as many as may be.
fn in_the_way(strangers: &BTreeMap<u64, Stranger>, most: usize, address: Option<IpAddr>) -> Option<(u64, Instant)> {
    let same = |stranger: &&Stranger| address.is_none_or(|address| stranger.address == address);
    if strangers.values().filter(same).count() < most {
        return None;
    }
    let same = strangers.iter().filter(|(_, stranger)| same(stranger));
    same.map(|(number, stranger)| (*number, stranger.since)).min_by_key(|(_, since)| *since)
}

impl Place {
    /// Cancelled when the stranger has to go.
    pub fn leave(&self) -> CancellationToken {
        self.leave.clone()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut strangers = self.shared.lock();
        strangers.inside.remove(&self.number);
        strangers.waiting.remove(&self.number);
        drop(strangers);
        self.shared.left.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn the_oldest_makes_room_once_it_had_its_time() {
        let limits = Limits { strangers_per_address: 2, strangers: 3, ..Limits::default() };
        let timeouts = Timeouts { patience: Duration::from_millis(200), ..Timeouts::default() };
        let admission = Admission::new(limits, timeouts);
        let [here, there] = [IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2])];
        let first = admission.enter(here).await.unwrap();
        let second = admission.enter(here).await.unwrap();
        let _elsewhere = admission.enter(there).await.unwrap();
        drop(second);
        let _third = admission.enter(here).await.unwrap();
        let begun = Instant::now();
        let _fourth = admission.enter(here).await.unwrap();
        assert!(first.leave.is_cancelled(), "after {:?}", begun.elapsed());
    }
}
