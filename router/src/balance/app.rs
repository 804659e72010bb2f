//! One app as requests see it: its instances, and the choice among them.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use api::routes::AppRoutes;
use ipnet::IpNet;

use super::Backend;

/// What a host name leads to.
pub(crate) struct App {
    pub name: String,
    /// Answer with the maintenance page.
    pub maintenance: bool,
    /// Send plain requests on to https.
    pub https_enforced: bool,
    /// Whose requests it takes; empty: everybody's.
    whitelist: Vec<IpNet>,
    pub backends: Vec<Arc<Backend>>,
    /// Where the search for the least busy instance begins, so that equals take turns.
    turn: AtomicUsize,
}

impl App {
    /// The app of these routes, with its instances.
    pub fn new(routes: &AppRoutes, backends: Vec<Arc<Backend>>) -> Self {
        Self {
            name: routes.name.clone(),
            maintenance: routes.maintenance,
            https_enforced: routes.https_enforced,
            whitelist: routes.whitelist.clone(),
            backends,
            turn: AtomicUsize::new(0),
        }
    }

    /// Whether it takes requests of this client. An IPv4 client is given by its IPv4 address.
    pub fn admits(&self, client: IpAddr) -> bool {
        self.whitelist.is_empty() || self.whitelist.iter().any(|network| network.contains(&client))
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

    use uuid::Uuid;

    use super::*;
    use crate::{balance::Lease, upstream::Address};

    fn app(instances: usize) -> App {
        let backend = |n: usize| {
            let address = Address::Tcp(SocketAddr::from(([127, 0, 0, 1], 1)));
            Arc::new(Backend::new(format!("web-{n}"), address, Arc::default()))
        };
        App::new(&routes(&[]), (0..instances).map(backend).collect())
    }

    fn routes(whitelist: &[&str]) -> AppRoutes {
        AppRoutes {
            app: Uuid::from_u128(1),
            name: "demo".into(),
            hosts: Vec::new(),
            endpoints: Vec::new(),
            maintenance: false,
            whitelist: whitelist.iter().map(|network| network.parse().unwrap()).collect(),
            certificates: Vec::new(),
            https_enforced: false,
        }
    }

    #[test]
    fn whoever_is_on_the_whitelist_is_admitted() {
        let app = App::new(&routes(&["10.0.0.0/8", "203.0.113.7/32", "2001:db8::/32"]), Vec::new());
        for (client, admitted) in [
            ("10.255.0.1", true),
            ("203.0.113.7", true),
            ("203.0.113.8", false),
            ("11.0.0.1", false),
            ("2001:db8:1::1", true),
            ("2001:db9::1", false),
            ("::a00:1", false),
        ] {
            assert_eq!(app.admits(client.parse().unwrap()), admitted, "{client}");
        }
        assert!(App::new(&routes(&[]), Vec::new()).admits("203.0.113.8".parse().unwrap()));
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
