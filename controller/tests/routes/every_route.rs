//! Every route that the controller has, read out of its sources: a test over all of them must not miss the next one.

use std::{fs, path::Path};

/// A route as the sources tell of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    pub method: &'static str,
    /// `/v2/apps/{id}`.
    pub pattern: String,
}

impl Route {
    /// Whether a request for `path` may be one for this route.
    pub fn takes(&self, method: &str, path: &str) -> bool {
        let (mut wanted, mut given) = (segments(&self.pattern), segments(path));
        let all = loop {
            match (wanted.next(), given.next()) {
                (None, None) => break true,
                (Some(wanted), Some(_)) if wanted.starts_with("{*") => break true,
                (Some(wanted), Some(given)) if wanted.starts_with('{') || wanted == given => {}
                _ => break false,
            }
        };
        all && self.method == method
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.trim_matches('/').split('/')
}

/// All of the public API, but for what builders that are not ours call with a key of their own.
pub fn all() -> Vec<Route> {
    let mut routes = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http"), &mut routes);
    routes.retain(|route| !route.pattern.starts_with("/v2/hooks/"));
    routes.sort();
    assert!(routes.len() > 60, "the sources are read no more: {routes:?}");
    routes
}

fn collect(folder: &Path, routes: &mut Vec<Route>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, routes);
        } else {
            read(&fs::read_to_string(path).unwrap(), routes);
        }
    }
}

/// `slashed("<pattern>", <methods>)` and `route(...)`, wherever they stand.
fn read(text: &str, routes: &mut Vec<Route>) {
    for call in text.split("slashed(").skip(1).chain(text.split(".route(").skip(1)) {
        let Some((pattern, rest)) = call.trim_start().strip_prefix('"').and_then(|rest| rest.split_once('"')) else {
            continue;
        };
        let methods = until_closed(rest);
        for (name, method) in
            [("get(", "GET"), ("post(", "POST"), ("put(", "PUT"), ("patch(", "PATCH"), ("delete(", "DELETE")]
        {
            let begins = |(at, _): (usize, _)| !methods[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            if methods.match_indices(name).any(begins) {
                routes.push(Route { method, pattern: pattern.to_owned() });
            }
        }
    }
}

/// Up to the bracket that closes the call.
fn until_closed(text: &str) -> &str {
    let mut depth = 1;
    let end = text.find(|c: char| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth == 0
    });
    &text[..end.unwrap_or(text.len())]
}

#[test]
fn routes_are_found() {
    let text = r#"
        Router::new().slashed("/v2/a", get(list).post(add)).route(
            "/v2/b/{*rest}", get(show),
        )
        self.route(path, methods.clone())"#;
    let mut routes = Vec::new();
    read(text, &mut routes);
    let shown: Vec<_> = routes.iter().map(|route| format!("{} {}", route.method, route.pattern)).collect();
    assert_eq!(shown, ["GET /v2/a", "POST /v2/a", "GET /v2/b/{*rest}"]);
    assert!(
        routes[2].takes("GET", "/v2/b/c/d") && !routes[2].takes("GET", "/v2/b") && !routes[0].takes("POST", "/v2/a")
    );
}
