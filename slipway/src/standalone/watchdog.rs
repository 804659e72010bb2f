//! Replaces a part that lives and does nothing: a process that hangs is as bad as a dead one, and shows no end.

use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};

use super::{
    health::{self, Contacts},
    keeper::{Handle, Order, State},
};

/// Time between two looks.
const PERIOD: Duration = Duration::from_secs(5);
/// Silence after which a process that has answered before counts as hung.
const SILENCE: Duration = Duration::from_secs(30);

/// Starts watching over a part, for as long as its keeper lives.
pub fn watch_over(keeper: &Handle, contacts: &Contacts) {
    let (part, orders, state) = (keeper.part, keeper.orders.clone(), keeper.state.clone());
    let contacts = contacts.clone();
    tokio::spawn(async move {
        let mut silence = Silence::default();
        while !orders.is_closed() {
            tokio::time::sleep(PERIOD).await;
            if !silence.look(pid(&state), health::is_alive(part, &contacts).await, Instant::now()) {
                continue;
            }
            tracing::error!(%part, "has not answered for {} s: replacing it", SILENCE.as_secs());
            let (sender, replaced) = oneshot::channel();
            // The keeper tells what comes of it; here it is enough to wait for that.
            let _ = orders.send(Order::Replace(sender)).await;
            let _ = replaced.await;
        }
    });
}

fn pid(state: &watch::Receiver<State>) -> Option<u32> {
    state.borrow().pid
}

/// Since when a process is silent.
#[derive(Debug, Default)]
struct Silence {
    answered: Option<(u32, Instant)>,
}

impl Silence {
    /// Notes what was seen of the process at `now`; true when it hangs. One that has never answered may be starting.
    fn look(&mut self, pid: Option<u32>, is_alive: bool, now: Instant) -> bool {
        match (pid, self.answered) {
            (Some(pid), _) if is_alive => self.answered = Some((pid, now)),
            (Some(pid), Some((known, at))) if pid == known => return now.duration_since(at) >= SILENCE,
            _ => self.answered = None,
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_process_that_fell_silent_hangs() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut silence = Silence::default();
        assert!(!silence.look(Some(1), false, at(0)), "it has never answered");
        assert!(!silence.look(Some(1), false, at(300)));
        assert!(!silence.look(Some(1), true, at(305)));
        assert!(!silence.look(Some(1), false, at(320)));
        assert!(silence.look(Some(1), false, at(335)));
        assert!(!silence.look(Some(2), false, at(340)), "another process may be starting");
        assert!(!silence.look(None, false, at(345)));
    }
}
