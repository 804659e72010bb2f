//! One app as requests see it: its instances, and the choice among them.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use super::Backend;

/// What a host name leads to.
pub(crate) struct App {
    pub name: String,
    /// Answer with the maintenance page.
    pub maintenance: bool,
    pub backends: Vec<Arc<Backend>>,
    /// Where the search for the least busy instance begins, so that equals take turns.
    turn: AtomicUsize,
}

impl App {
    pub fn new(name: String, maintenance: bool, backends: Vec<Arc<Backend>>) -> Self {
        Self { name, maintenance, backends, turn: AtomicUsize::new(0) }
    }

    /// The least busy instance that is not ejected and has not been tried; when all others are ejected, the least busy
    /// of those. None when all have been tried.
    pub fn pick(&self, now: u64, tried: &[Arc<Backend>]) -> Option<&Arc<Backend>> {
        if let ([only], []) = (self.backends.as_slice(), tried) {
            return Some(only);
        }
        let start = self.turn.fetch_add(1, Relaxed) % self.backends.len().max(1);
        let (before, from) = self.backends.split_at(start);
        let untried = |backend: &&Arc<Backend>| !tried.iter().any(|other| Arc::ptr_eq(other, backend));
        let candidates = from.iter().chain(before).filter(untried);
        candidates.min_by_key(|backend| (backend.health.ejected(now), backend.outstanding()))
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::{balance::Lease, upstream::Address};

    fn app(instances: usize) -> App {
        let backend = |n: usize| {
            let address = Address::Tcp(SocketAddr::from(([127, 0, 0, 1], 1)));
            Arc::new(Backend::new(format!("web-{n}"), address, Arc::default()))
        };
        App::new("demo".into(), false, (0..instances).map(backend).collect())
    }

    #[test]
    fn equals_take_turns() {
        let app = app(3);
        let picked: Vec<_> = (0..6).map(|_| app.pick(0, &[]).unwrap().instance.as_str()).collect();
        assert_eq!(picked, ["web-0", "web-1", "web-2", "web-0", "web-1", "web-2"]);
    }

    #[test]
    fn the_least_busy_is_picked() {
        let app = app(3);
        let _leases = [Lease::new(&app.backends[0]), Lease::new(&app.backends[2])];
        assert!((0..5).all(|_| app.pick(0, &[]).unwrap().instance == "web-1"));
    }

    #[test]
    fn the_ejected_are_picked_only_when_nobody_else_is_left() {
        let app = app(2);
        app.backends[0].health.failed(0);
        assert!((0..5).all(|_| app.pick(10, &[]).unwrap().instance == "web-1"));
        let tried = [app.backends[1].clone()];
        assert_eq!(app.pick(10, &tried).unwrap().instance, "web-0");
        assert!(app.pick(10, &app.backends).is_none());
    }

    #[test]
    fn nothing_runs() {
        assert!(app(0).pick(0, &[]).is_none());
    }

    #[test]
    fn an_instance_that_left_takes_no_more_requests_and_tells_when_the_last_is_done() {
        let app = app(1);
        let backend = &app.backends[0];
        let lease = Lease::new(backend).unwrap();
        backend.retire();
        assert!(Lease::new(backend).is_none());
        assert_eq!(backend.outstanding(), 1);
        drop(lease);
        assert_eq!(backend.outstanding(), 0);
    }
}
