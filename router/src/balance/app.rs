//! One app as requests see it: its instances, and the choice among them.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use api::{
    routes::{AppRoutes, Endpoint},
    treatment::{Referrers, Treatment},
};
use http::HeaderValue;
use ipnet::IpNet;

use super::Backend;
use crate::paths::Paths;

/// What a host name leads to.
pub(crate) struct App {
    pub name: String,
    /// Answer with the maintenance page.
    pub maintenance: bool,
    /// Send plain requests on to https.
    pub https_enforced: bool,
    /// Whose requests it takes, as its owner says.
    pub whitelist: Vec<IpNet>,
    /// How its requests are treated, where not as all others'.
    pub treatment: Box<Treatment>,
    /// What its answers say of referrers.
    pub referrers: Referrers<HeaderValue>,
    /// Who answers what nobody else does.
    main: Group,
    /// Who answers some paths.
    paths: Paths<Arc<Group>>,
    /// All of its instances.
    pub backends: Vec<Arc<Backend>>,
}

impl App {
    /// The app of these routes. `backend` finds or makes the instance of an endpoint.
    pub fn new(routes: &AppRoutes, mut backend: impl FnMut(&Endpoint) -> Arc<Backend>) -> Self {
        let mut backends: Vec<Arc<Backend>> = Vec::new();
        let mut group = |endpoints: &[Endpoint]| {
            let members = endpoints.iter().map(|endpoint| {
                let known = backends.iter().find(|known| known.is(endpoint)).cloned();
                known.unwrap_or_else(|| {
                    let new = backend(endpoint);
                    backends.push(new.clone());
                    new
                })
            });
            Group::new(members.collect())
        };
        let main = group(&routes.endpoints);
        let mut paths = Paths::default();
        for route in &routes.paths {
            paths.insert(&route.pattern, &Arc::new(group(&route.endpoints)));
        }
        Self {
            name: routes.name.clone(),
            maintenance: routes.maintenance,
            https_enforced: routes.https_enforced,
            whitelist: routes.whitelist.clone(),
            treatment: routes.treatment.clone(),
            referrers: referrers(&routes.treatment),
            main,
            paths,
            backends,
        }
    }

    /// Who answers requests for this path.
    pub fn group(&self, path: &str) -> &Group {
        self.paths.find(path).map_or(&self.main, |group| group)
    }
}

/// A controller sends only policies that can be in a header; of anything else nothing is said.
fn referrers(treatment: &Treatment) -> Referrers<HeaderValue> {
    match treatment.referrers() {
        Referrers::AsAll => Referrers::AsAll,
        Referrers::Nothing => Referrers::Nothing,
        Referrers::Policy(policy) => HeaderValue::from_str(policy).map_or(Referrers::Nothing, Referrers::Policy),
    }
}

/// Instances that answer the same requests.
pub(crate) struct Group {
    members: Vec<Arc<Backend>>,
    /// Where the search for the least busy instance begins, so that equals take turns.
    turn: AtomicUsize,
}

impl Group {
    fn new(members: Vec<Arc<Backend>>) -> Self {
        Self { members, turn: AtomicUsize::new(0) }
    }

    /// True when nobody could answer.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The least busy instance that is not ejected and has not been tried; when all others are ejected, the least busy
    /// of those. None when all have been tried.
    pub fn pick(&self, now: u64, tried: &[Arc<Backend>]) -> Option<&Arc<Backend>> {
        if let ([only], []) = (self.members.as_slice(), tried) {
            return Some(only);
        }
        let start = self.turn.fetch_add(1, Relaxed) % self.members.len().max(1);
        let (before, from) = self.members.split_at(start);
        let untried = |backend: &&Arc<Backend>| !tried.iter().any(|other| Arc::ptr_eq(other, backend));
        let candidates = from.iter().chain(before).filter(untried);
        candidates.min_by_key(|backend| (backend.health.ejected(now), backend.outstanding()))
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use api::{names::PathPattern, routes::PathRoute};
    use uuid::Uuid;

    use super::*;
    use crate::{balance::Lease, upstream::Address};

    fn app(instances: u16) -> App {
        made(&AppRoutes { endpoints: (0..instances).map(|n| endpoint("web", n)).collect(), ..routes() })
    }

    fn made(routes: &AppRoutes) -> App {
        App::new(routes, |endpoint| {
            Arc::new(Backend::new(endpoint.instance.clone(), Address::Tcp(endpoint.address), Arc::default()))
        })
    }

    fn endpoint(process_type: &str, n: u16) -> Endpoint {
        Endpoint { instance: format!("{process_type}-{n}"), address: SocketAddr::from(([127, 0, 0, 1], 1 + n)) }
    }

    fn routes() -> AppRoutes {
        AppRoutes {
            app: Uuid::from_u128(1),
            name: "demo".into(),
            hosts: Vec::new(),
            endpoints: Vec::new(),
            maintenance: false,
            whitelist: Vec::new(),
            certificates: Vec::new(),
            https_enforced: false,
            paths: Vec::new(),
            treatment: Box::default(),
        }
    }

    #[test]
    fn equals_take_turns() {
        let app = app(3);
        let picked: Vec<_> = (0..6).map(|_| app.main.pick(0, &[]).unwrap().instance.as_str()).collect();
        assert_eq!(picked, ["web-0", "web-1", "web-2", "web-0", "web-1", "web-2"]);
    }

    #[test]
    fn the_least_busy_is_picked() {
        let app = app(3);
        let _leases = [Lease::new(&app.backends[0]), Lease::new(&app.backends[2])];
        assert!((0..5).all(|_| app.main.pick(0, &[]).unwrap().instance == "web-1"));
    }

    #[test]
    fn the_ejected_are_picked_only_when_nobody_else_is_left() {
        let app = app(2);
        app.backends[0].health.failed(0);
        assert!((0..5).all(|_| app.main.pick(10, &[]).unwrap().instance == "web-1"));
        let tried = [app.backends[1].clone()];
        assert_eq!(app.main.pick(10, &tried).unwrap().instance, "web-0");
        assert!(app.main.pick(10, &app.backends).is_none());
    }

    #[test]
    fn nothing_runs() {
        assert!(app(0).main.pick(0, &[]).is_none());
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

    #[test]
    fn some_paths_lead_to_others_which_may_be_the_same() {
        let route = |pattern: &str, endpoints| PathRoute { pattern: PathPattern::parse(pattern).unwrap(), endpoints };
        let app = made(&AppRoutes {
            endpoints: vec![endpoint("web", 0)],
            paths: vec![
                route("/api", vec![endpoint("api", 1), endpoint("api", 2)]),
                route("= /ping", vec![endpoint("web", 0)]),
                route("/none", Vec::new()),
            ],
            ..routes()
        });
        let picked = |path| app.group(path).pick(0, &[]).map(|backend| backend.instance.as_str());
        assert_eq!(
            ["/", "/api", "/api/x", "/ping"].map(picked).map(Option::unwrap),
            ["web-0", "api-1", "api-2", "web-0"]
        );
        assert!(app.group("/none").is_empty());
        assert_eq!(app.backends.len(), 3, "each instance once");
    }
}
