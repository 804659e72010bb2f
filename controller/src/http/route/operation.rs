//! One method of one path, as the document tells of it.

use std::collections::{BTreeMap, BTreeSet};

use api::{error::ErrorBody, headers::IDEMPOTENCY_KEY, names::Scope};
use axum::http::Method;
use serde_json::{Value, json};
use utoipa::{
    ToSchema,
    openapi::{RefOr, Schema},
};

use crate::auth::scope::Need;

/// Who may call, apart from administrators, who may call everything but what builders do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Access {
    Anybody,
    User,
    /// Who may use the app in the URL.
    AppUser,
    /// Who may give it away.
    AppOwner,
    Admin,
    /// Whoever has the builder key.
    Builder,
}

/// Schemas by their names.
pub(super) type Schemas = BTreeMap<String, Value>;

/// Bodies by their content types; null is one without a schema.
type Bodies = BTreeMap<&'static str, Value>;

/// One method of one path.
pub(in crate::http) struct Operation {
    method: Method,
    path: String,
    summary: &'static str,
    note: Option<&'static str>,
    access: Access,
    /// Whether a token is looked at where one is sent.
    knows_tokens: bool,
    parameters: Vec<Value>,
    body: Option<Value>,
    answers: BTreeMap<u16, Bodies>,
    refusals: BTreeSet<u16>,
    schemas: Schemas,
}

const JSON: &str = "application/json";
const NDJSON: &str = "application/x-ndjson";
const TEXT: &str = "text/plain";
const PAGE: &str = "text/html";

impl Operation {
    pub(super) fn new(method: Method, summary: &'static str) -> Self {
        Self {
            method,
            path: String::new(),
            summary,
            note: None,
            access: Access::Anybody,
            knows_tokens: false,
            parameters: Vec::new(),
            body: None,
            answers: BTreeMap::new(),
            refusals: BTreeSet::new(),
            schemas: Schemas::new(),
        }
    }

    pub(super) fn at(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    pub(super) fn method(&self) -> &Method {
        &self.method
    }

    /// The path as `OpenAPI` writes it, which knows no `{*rest}`.
    pub(super) fn path(&self) -> String {
        self.path.replace("{*", "{")
    }

    /// Says more than the summary.
    pub(in crate::http) fn note(&mut self, text: &'static str) {
        self.note = Some(text);
    }

    /// Only these may call.
    pub(in crate::http) fn asks_for(&mut self, access: Access) {
        self.access = access;
        match access {
            Access::Anybody => {}
            Access::Builder => self.refuses(403),
            Access::User | Access::Admin => {
                self.knows_tokens = true;
                self.refuses(401);
                self.refuses(403);
                self.refuses(503);
            }
            Access::AppUser | Access::AppOwner => {
                self.asks_for(Access::User);
                self.access = access;
                self.may_be_no_url();
            }
        }
    }

    /// May be answered with an error of that status.
    pub(in crate::http) fn refuses(&mut self, status: u16) {
        self.refusals.insert(status);
    }

    /// Texts in the path may be such that the URL is none of ours.
    pub(in crate::http) fn may_be_no_url(&mut self) {
        self.refuses(404);
        self.answers_page(404);
    }

    /// Takes an idempotency key.
    pub(super) fn takes_a_key(&mut self) {
        if !self.knows_tokens {
            return;
        }
        self.parameters.push(json!({
            "name": IDEMPOTENCY_KEY,
            "in": "header",
            "description": "Makes the request safe to send twice: it is done once, and the second answer is that of the first.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        }));
        for status in [400, 413, 422, 503] {
            self.refuses(status);
        }
    }

    /// Takes JSON of that shape.
    pub(in crate::http) fn takes_json<T: ToSchema>(&mut self) {
        self.body = Some(schema::<T>(&mut self.schemas));
        self.refuses(400);
        self.refuses(413);
    }

    /// Reads `name` in the query: `{"type": "boolean"}`.
    pub(in crate::http) fn reads(&mut self, name: &str, schema: &Value, description: &str) {
        self.parameters.push(json!({"name": name, "in": "query", "description": description, "schema": schema}));
    }

    /// Answers JSON.
    pub(in crate::http) fn answers_json<T: ToSchema>(&mut self, status: u16) {
        let schema = schema::<T>(&mut self.schemas);
        self.body_of(status).insert(JSON, schema);
    }

    /// Answers some JSON object.
    pub(in crate::http) fn answers_object(&mut self, status: u16) {
        self.body_of(status).insert(JSON, json!({"type": "object"}));
    }

    /// Answers lines, each of them JSON of that shape, to who accepts them.
    pub(in crate::http) fn answers_lines<T: ToSchema>(&mut self, status: u16) {
        let schema = schema::<T>(&mut self.schemas);
        self.body_of(status).insert(NDJSON, json!({"type": "string", "x-line": schema}));
    }

    /// Answers text.
    pub(in crate::http) fn answers_text(&mut self, status: u16) {
        self.body_of(status).insert(TEXT, json!({"type": "string"}));
    }

    /// Answers a page for people.
    pub(in crate::http) fn answers_page(&mut self, status: u16) {
        self.body_of(status).insert(PAGE, json!({"type": "string"}));
    }

    /// Answers without a body.
    pub(in crate::http) fn answers_nothing(&mut self, status: u16) {
        self.body_of(status);
    }

    fn body_of(&mut self, status: u16) -> &mut Bodies {
        self.answers.entry(status).or_default()
    }

    /// Scopes of which one is enough.
    fn scopes(&self) -> Vec<&'static str> {
        let need = Need::of(self.method.as_str(), &self.path);
        Scope::ALL.into_iter().filter(|scope| need.is_met_by(*scope)).map(Scope::as_str).collect()
    }

    /// Its object in the document, and the schemas that it names.
    pub(super) fn written(&self) -> (Value, Schemas) {
        let mut schemas = self.schemas.clone();
        let error = schema::<ErrorBody>(&mut schemas);
        let mut written = json!({
            "operationId": self.id(),
            "summary": self.summary,
            "tags": [self.tag()],
            "x-access": self.access.name(),
            "security": self.security(),
            "parameters": self.path_parameters().chain(self.parameters.iter().cloned()).collect::<Vec<_>>(),
            "responses": self.responses(&error),
        });
        if let Some(note) = self.note {
            written["description"] = json!(note);
        }
        if self.knows_tokens {
            written["x-scopes"] = json!(self.scopes());
        }
        if let Some(body) = &self.body {
            written["requestBody"] = json!({"content": {JSON: {"schema": body}}});
        }
        (written, schemas)
    }

    fn responses(&self, error: &Value) -> Value {
        let statuses: BTreeSet<u16> = self.answers.keys().chain(&self.refusals).copied().collect();
        let response = |status: u16| {
            let mut content: BTreeMap<_, _> = self.answers.get(&status).cloned().unwrap_or_default();
            if self.refusals.contains(&status) {
                content.insert(JSON, error.clone());
            }
            let content: BTreeMap<_, _> =
                content.into_iter().map(|(kind, schema)| (kind, json!({"schema": schema}))).collect();
            let mut response = json!({"description": meaning(status)});
            if !content.is_empty() {
                response["content"] = json!(content);
            }
            if self.refusals.contains(&status) && matches!(status, 429 | 503) {
                let seconds = json!({"description": "Seconds until it may work.", "schema": {"type": "integer"}});
                response["headers"] = json!({"Retry-After": seconds});
            }
            (status.to_string(), response)
        };
        json!(statuses.into_iter().map(response).collect::<BTreeMap<_, _>>())
    }

    fn security(&self) -> Value {
        match self.access {
            Access::Builder => json!([{"builder": []}]),
            Access::Anybody if self.knows_tokens => json!([{}, {"token": []}]),
            Access::Anybody => json!([]),
            _ => json!([{"token": []}]),
        }
    }

    fn path_parameters(&self) -> impl Iterator<Item = Value> {
        let names = self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        names.map(|name| {
            let name = name.trim_start_matches('*');
            json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "minLength": 1}})
        })
    }

    /// `get-apps-id-config`.
    fn id(&self) -> String {
        let words = self.path.split(['/', '{', '}', '*', '.']).filter(|word| !word.is_empty() && *word != "v2");
        let method = self.method.as_str().to_lowercase();
        std::iter::once(method.as_str()).chain(words).collect::<Vec<_>>().join("-")
    }

    /// What it is about: the first word after the app, or after the version.
    fn tag(&self) -> &str {
        let rest = self.path.strip_prefix("/v2/apps/{id}/").or_else(|| self.path.strip_prefix("/v2/"));
        let word = rest.unwrap_or(&self.path).split('/').find(|word| !word.is_empty() && !word.starts_with('{'));
        word.unwrap_or("platform")
    }
}

impl Access {
    fn name(self) -> &'static str {
        match self {
            Self::Anybody => "anybody",
            Self::User => "user",
            Self::AppUser => "app-user",
            Self::AppOwner => "app-owner",
            Self::Admin => "admin",
            Self::Builder => "builder",
        }
    }
}

/// The schema of a type: by its name where it has one, else in its place.
fn schema<T: ToSchema>(schemas: &mut Schemas) -> Value {
    let mut used = Vec::new();
    T::schemas(&mut used);
    schemas.extend(used.into_iter().map(|(name, schema)| (name, json!(schema))));
    let schema = T::schema();
    if is_list_or_map(&schema) {
        return json!(schema);
    }
    let name = T::name().into_owned();
    let by_name = json!({"$ref": format!("#/components/schemas/{name}")});
    schemas.insert(name, json!(schema));
    by_name
}

fn is_list_or_map(schema: &RefOr<Schema>) -> bool {
    match schema {
        RefOr::T(Schema::Array(_)) => true,
        RefOr::T(Schema::Object(object)) => object.properties.is_empty(),
        _ => false,
    }
}

fn meaning(status: u16) -> &'static str {
    match status {
        101 => "The connection is a websocket from here on.",
        200 => "Done.",
        201 => "Made.",
        204 => "Done; there is nothing to tell.",
        400 => "Something is wrong with the request, or with what it wants to run.",
        401 => "No token, or one that is good no more.",
        403 => "Not with this token, or not this user.",
        404 => "There is no such thing, or none that this user may know of.",
        409 => "It contradicts what is, or changes nothing.",
        413 => "The body is too large.",
        422 => "It names what is not there, or its Idempotency-Key belongs to another request.",
        429 => "Too much at once.",
        503 => "Nothing was changed; something that is needed is away. Ask again.",
        _ => "",
    }
}
