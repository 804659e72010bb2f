//! The document of the API (`OpenAPI` 3.1), put together from what routes say of themselves.

use std::{collections::BTreeMap, sync::Arc};

use api::headers::{API_VERSION, BUILDER_AUTH};
use bytes::Bytes;
use serde_json::{Value, json};

use super::operation::{Operation, Schemas};
use crate::http::reference::page;

const ABOUT: &str = "The HTTP API of Slipway: version 2.3 of the API of Deis Workflow, and what Slipway adds to it.\n\n\
    The slash at the end of a path may be left out or added, unless the document shows one.\n\n\
    A token of `POST /v2/auth/login/` may be used for everything that its user may do; one of `POST /v2/auth/api-tokens` only for \
    operations that name one of its scopes in `x-scopes`. `x-access` says who may call: `anybody`, a `user`, an `app-user` (owner and \
    collaborators of the app), an `app-owner`, an `admin`, or a `builder`. Administrators may do what owners may. A stranger is told \
    of an app what is told of one that does not exist.\n\n\
    Whoever sends what cannot be read, or calls while something is away, gets an error in one of three forms (`ErrorBody`). \
    After 429 and 503 nothing was changed.";

/// The document, and the page for people that is made of it; as they are sent.
#[derive(Clone)]
pub(in crate::http) struct Document {
    pub(in crate::http) json: Bytes,
    pub(in crate::http) page: Arc<str>,
}

impl Document {
    pub(super) fn of(operations: &[Operation]) -> Self {
        let document = document(operations);
        Self { page: page(&document).into(), json: document.to_string().into() }
    }
}

fn document(operations: &[Operation]) -> Value {
    let mut paths: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    let mut schemas = Schemas::new();
    for operation in operations {
        let (written, used) = operation.written();
        schemas.extend(used);
        paths.entry(operation.path()).or_default().insert(operation.method().as_str().to_lowercase(), written);
    }
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Slipway",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "x-api-version": API_VERSION,
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "`token <token>`: the word, a space, and the token.",
                },
                "builder": {
                    "type": "apiKey",
                    "in": "header",
                    "name": BUILDER_AUTH,
                    "description": "The key that the operator gave to a builder that is not Slipway's own.",
                },
            },
        },
    });
    for_readers(&mut document);
    document
}

/// Comments of types are written for rustdoc: their links become words. Of unsigned numbers `minimum` tells; `OpenAPI` has
/// no format for them.
fn for_readers(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(for_readers),
        Value::Object(fields) => {
            if let Some(Value::String(text)) = fields.get_mut("description") {
                *text = text
                    .replace("[`", "`")
                    .replace("`]", "`")
                    .replace("crate::", "")
                    .replace("names::", "")
                    .replace("Self::", "");
            }
            if fields.get("format").and_then(Value::as_str).is_some_and(|format| format.starts_with("u-int")) {
                fields.remove("format");
            }
            fields.values_mut().for_each(for_readers);
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
