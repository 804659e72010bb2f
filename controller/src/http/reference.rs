//! `GET /v2/openapi.json`, the document of this API, and `GET /v2/reference`, the same for people: a page without scripts,
//! which loads nothing from anywhere.

use std::{borrow::Cow, fmt::Write};

use axum::{
    Extension,
    http::{HeaderName, header},
    response::{Html, IntoResponse, Response},
};
use serde_json::{Map, Value};

use super::route::{Document, Routes, get};

/// A browser is told to load nothing, too.
const NOTHING_ELSE: (HeaderName, &str) = (
    header::CONTENT_SECURITY_POLICY,
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
);

const HEAD: &str = include_str!("reference.html");

pub(super) fn router() -> Routes {
    Routes::new()
        .route("/v2/openapi.json", get("This document", json).with(|operation| operation.answers_object(200)))
        .slashed(
            "/v2/reference",
            get("This document as a page for people", show).with(|operation| operation.answers_page(200)),
        )
}

async fn json(Extension(document): Extension<Document>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], document.json).into_response()
}

async fn show(Extension(document): Extension<Document>) -> Response {
    ([NOTHING_ELSE], Html(document.page.to_string())).into_response()
}

/// The page of a document.
pub(super) fn page(document: &Value) -> String {
    let mut page = Page(HEAD.to_owned());
    page.about(&document["info"]);
    for (tag, operations) in by_tag(document) {
        page.say(&format!("<h2 id=\"{0}\">{0}</h2>\n", escaped(tag)));
        for (method, path, operation) in operations {
            page.operation(method, path, operation);
        }
    }
    page.say("<h2 id=\"schemas\">Shapes</h2>\n");
    for (name, schema) in fields(&document["components"]["schemas"]) {
        page.schema(name, schema);
    }
    page.say("</main>\n</html>\n");
    page.0
}

/// Method, path and what is said of it.
type Entry<'a> = (&'a str, &'a str, &'a Value);

fn by_tag(document: &Value) -> std::collections::BTreeMap<&str, Vec<Entry<'_>>> {
    let mut tags = std::collections::BTreeMap::<_, Vec<_>>::new();
    for (path, methods) in fields(&document["paths"]) {
        for (method, operation) in fields(methods) {
            tags.entry(text(&operation["tags"][0])).or_default().push((method.as_str(), path.as_str(), operation));
        }
    }
    tags
}

struct Page(String);

impl Page {
    fn say(&mut self, html: &str) {
        self.0.push_str(html);
    }

    fn paragraphs(&mut self, words: &str) {
        for paragraph in words.split("\n\n").filter(|paragraph| !paragraph.is_empty()) {
            self.say(&format!("<p>{}</p>\n", coded(paragraph)));
        }
    }

    fn about(&mut self, info: &Value) {
        self.say(&format!("<h1>{} {}</h1>\n", escaped(text(&info["title"])), escaped(text(&info["version"]))));
        self.paragraphs(text(&info["description"]));
        self.say("<p>For programs: <a href=\"/v2/openapi.json\">openapi.json</a></p>\n");
    }

    fn operation(&mut self, method: &str, path: &str, operation: &Value) {
        let id = escaped(text(&operation["operationId"]));
        let (method, path) = (method.to_uppercase(), escaped(path));
        let summary = escaped(text(&operation["summary"]));
        self.say(&format!(
            "<details id=\"{id}\"><summary><b class=\"{method}\">{method}</b> <code>{path}</code> {summary}</summary>\n"
        ));
        self.paragraphs(text(&operation["description"]));
        self.say(&format!("<p>For: {}", escaped(text(&operation["x-access"]))));
        let scopes: Vec<_> = items(&operation["x-scopes"]).iter().map(text).collect();
        if !scopes.is_empty() {
            self.say(&format!(". Scopes: {}", escaped(&scopes.join(", "))));
        }
        self.say("</p>\n");
        self.parameters(items(&operation["parameters"]));
        if let Some(body) = operation["requestBody"]["content"]["application/json"].get("schema") {
            self.say(&format!("<p>Takes {}</p>\n", shape(body)));
        }
        self.answers(&operation["responses"]);
        self.say("</details>\n");
    }

    fn parameters(&mut self, parameters: &[Value]) {
        if parameters.is_empty() {
            return;
        }
        self.say("<table>\n");
        for parameter in parameters {
            let (name, place) = (escaped(text(&parameter["name"])), escaped(text(&parameter["in"])));
            let (kind, about) = (shape(&parameter["schema"]), coded(text(&parameter["description"])));
            self.say(&format!("<tr><td><code>{name}</code><td>{place}<td>{kind}<td>{about}\n"));
        }
        self.say("</table>\n");
    }

    fn answers(&mut self, responses: &Value) {
        self.say("<table>\n");
        for (status, response) in fields(responses) {
            let kinds = fields(&response["content"]).map(|(kind, content)| {
                let line = content["schema"].get("x-line");
                let each = if line.is_some() { "lines of " } else { "" };
                format!("{}: {each}{}", escaped(kind), shape(line.unwrap_or(&content["schema"])))
            });
            let kinds = kinds.collect::<Vec<_>>().join("<br>");
            let about = escaped(text(&response["description"]));
            self.say(&format!("<tr><td>{}<td>{kinds}<td>{about}\n", escaped(status)));
        }
        self.say("</table>\n");
    }

    fn schema(&mut self, name: &str, schema: &Value) {
        let name = escaped(name);
        self.say(&format!("<details id=\"schema-{name}\"><summary><code>{name}</code></summary>\n"));
        self.paragraphs(text(&schema["description"]));
        let required: Vec<_> = items(&schema["required"]).iter().map(text).collect();
        let parts = items(&schema["oneOf"]).iter().chain(items(&schema["allOf"]));
        let parts: Vec<_> = parts.map(shape).collect();
        if !parts.is_empty() {
            self.say(&format!("<p>{}</p>\n", parts.join(if schema.get("oneOf").is_some() { " or " } else { " and " })));
        }
        self.say("<table>\n");
        for (field, about) in fields(&schema["properties"]) {
            let star = if required.contains(&field.as_str()) { "" } else { "?" };
            let words = coded(text(&about["description"]));
            self.say(&format!("<tr><td><code>{}{star}</code><td>{}<td>{words}\n", escaped(field), shape(about)));
        }
        self.say("</table>\n</details>\n");
    }
}

/// What a schema allows, in a few words.
fn shape(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
        return format!("<a href=\"#schema-{0}\">{0}</a>", escaped(name));
    }
    let several = [&schema["oneOf"], &schema["anyOf"]].into_iter().flat_map(items).map(shape).collect::<Vec<_>>();
    if !several.is_empty() {
        return several.join(" or ");
    }
    let kinds: Vec<_> = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(text).collect(),
        kind => vec![text(kind)],
    };
    let words = kinds.into_iter().map(|kind| match kind {
        "array" => format!("list of {}", shape(&schema["items"])),
        "object" => match (schema.get("properties"), schema.get("additionalProperties")) {
            (Some(properties), _) => {
                let inner = fields(properties).map(|(name, about)| format!("{}: {}", escaped(name), shape(about)));
                format!("{{{}}}", inner.collect::<Vec<_>>().join(", "))
            }
            (None, Some(Value::Object(values))) => format!("map of {}", shape(&Value::Object(values.clone()))),
            (None, _) => "object".to_owned(),
        },
        "" => "anything".to_owned(),
        kind => escaped(kind).into_owned(),
    });
    let mut said = words.collect::<Vec<_>>().join(" or ");
    if let Some(format) = schema["format"].as_str() {
        let _ = write!(said, " ({})", escaped(format));
    }
    said
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

/// What stands in backticks is code.
fn coded(words: &str) -> String {
    let pieces = words.split('`').enumerate();
    let html = pieces.map(|(at, piece)| match at % 2 {
        1 => format!("<code>{}</code>", escaped(piece)),
        _ => escaped(piece).into_owned(),
    });
    html.collect()
}

fn escaped(words: &str) -> Cow<'_, str> {
    if !words.contains(['&', '<', '>', '"']) {
        return Cow::Borrowed(words);
    }
    Cow::Owned(words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;"))
}
