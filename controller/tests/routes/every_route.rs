//! Every route that the controller has, by its own document: a test over all of them cannot miss the next one, since none
//! can be made that is not in there.

use std::{fs, path::Path};

use axum::http::StatusCode;
use serde_json::Value;

use crate::harness::Client;

/// A route as the document tells of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    pub method: String,
    /// `/v2/apps/{id}`.
    pub pattern: String,
    /// Who may call.
    pub access: String,
    /// Scopes of which one is enough.
    pub scopes: Vec<String>,
}

impl Route {
    /// A URL of this route: `fill` has what stands in the place of each parameter, and is told what stands before it.
    pub fn path(&self, fill: impl Fn(&str, &str) -> String) -> String {
        let mut path: Vec<String> = Vec::new();
        let mut before = "";
        for part in self.pattern.split('/') {
            if let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
                path.push(fill(before, name));
            } else {
                before = part;
                path.push(part.to_owned());
            }
        }
        path.join("/")
    }

    /// A URL where the app is `app`, and all else what there is not.
    pub fn of_nothing(&self, app: &str) -> String {
        self.path(|before, name| nothing(app, before, name))
    }
}

/// What stands for something that there is not.
pub fn nothing(app: &str, _: &str, name: &str) -> String {
    match name {
        "id" | "app" => app.to_owned(),
        "uuid" => "00000000-0000-0000-0000-000000000000".to_owned(),
        "version" => "v999".to_owned(),
        _ => "none".to_owned(),
    }
}

/// All of the public API.
pub async fn all(client: &Client) -> Vec<Route> {
    let document = client.get("/v2/openapi.json").await.expect(StatusCode::OK).json();
    let mut routes: Vec<_> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(pattern, methods)| {
            methods.as_object().unwrap().iter().map(move |(method, operation)| Route {
                method: method.to_uppercase(),
                pattern: pattern.clone(),
                access: operation["x-access"].as_str().unwrap().to_owned(),
                scopes: strings(&operation["x-scopes"]),
            })
        })
        .collect();
    routes.sort();
    assert!(routes.len() > 80, "the document is read no more: {routes:?}");
    routes
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// Whoever wants a route has `http/route` make it, which puts it into the document.
#[test]
fn no_route_is_made_beside_the_document() {
    let mut strays = Vec::new();
    look(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http"), &mut strays);
    assert_eq!(strays, Vec::<String>::new());
}

fn look(folder: &Path, strays: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("http/route") {
            continue;
        }
        if path.is_dir() {
            look(&path, strays);
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let makes =
            ["axum::routing", "routing::", "MethodRouter", "Router::new"].into_iter().filter(|way| text.contains(way));
        strays.extend(makes.map(|way| format!("{}: {way}", path.display())));
    }
}
