//! Whether an answer is one that the document tells of: asked of every answer in these tests.

use axum::http::{Method, StatusCode};
use serde_json::Value;

/// Panics unless the document has that answer for that request. What no route is for is not its matter, nor is a fault
/// of ours, which is never documented.
#[track_caller]
pub fn check(document: &Value, method: &Method, path: &str, status: StatusCode, kind: &str, body: &str) {
    let Some(operation) = operation(document, method, path) else { return };
    if status == StatusCode::INTERNAL_SERVER_ERROR {
        return;
    }
    let what = format!("{method} {path} answers {status} {kind} {body}");
    let response = &operation["responses"][status.as_str()];
    assert!(response.is_object(), "{what}: the document knows no such status");
    let Some(content) = response.get("content") else {
        return assert!(body.is_empty(), "{what}: there should be no body");
    };
    let kind = kind.split(';').next().unwrap_or_default();
    let schema = &content[kind]["schema"];
    assert!(schema.is_object() || body.is_empty(), "{what}: the document knows no such content type");
    let bad = match (kind, schema.get("x-line")) {
        (_, Some(line)) => body.lines().find_map(|text| wrong(document, line, &serde_json::from_str(text).unwrap())),
        ("application/json", None) => wrong(document, schema, &serde_json::from_str(body).unwrap()),
        _ => None,
    };
    assert_eq!(bad, None, "{what}");
}

/// The operation that takes the request; of two, the one whose pattern says more.
fn operation<'a>(document: &'a Value, method: &Method, path: &str) -> Option<&'a Value> {
    let path = path.split('?').next().unwrap_or_default();
    let paths = document["paths"].as_object()?;
    let fitting = paths.iter().filter(|(pattern, _)| fits(pattern, path));
    let (_, methods) = fitting.min_by_key(|(pattern, _)| pattern.matches('{').count())?;
    methods.get(method.as_str().to_lowercase())
}

fn fits(pattern: &str, path: &str) -> bool {
    let rest = pattern.strip_suffix("{key}").or_else(|| pattern.strip_suffix("{fingerprint}"));
    if let Some(rest) = rest {
        return path.len() > rest.len() && path.starts_with(rest);
    }
    let path = if pattern.ends_with('/') { path } else { path.strip_suffix('/').unwrap_or(path) };
    let (wanted, given): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    let fits = |(wanted, given): (&&str, &&str)| wanted.starts_with('{') && !given.is_empty() || wanted == given;
    wanted.len() == given.len() && wanted.iter().zip(&given).all(fits)
}

/// What is wrong with the value; nothing where it is as the schema says. Knows the words that our schemas use, and no other.
fn wrong(document: &Value, schema: &Value, value: &Value) -> Option<String> {
    let fault = |why: &str| Some(format!("{why}: {value}"));
    for (word, rule) in schema.as_object().unwrap() {
        let found = match word.as_str() {
            "$ref" => {
                let name = rule.as_str().unwrap().rsplit('/').next().unwrap();
                let named = &document["components"]["schemas"][name];
                assert!(named.is_object(), "no schema {name}");
                wrong(document, named, value)
            }
            "type" => (!is_a(rule, value)).then(|| format!("not of type {rule}: {value}")),
            "required" => {
                let lacks = |name: &&Value| value.is_object() && value.get(name.as_str().unwrap()).is_none();
                rule.as_array().unwrap().iter().find(lacks).and_then(|name| fault(&format!("lacks {name}")))
            }
            "properties" => {
                rule.as_object().unwrap().iter().find_map(|(name, inner)| wrong(document, inner, value.get(name)?))
            }
            "additionalProperties" => strange(document, schema, value),
            "items" => value.as_array().into_iter().flatten().find_map(|inner| wrong(document, rule, inner)),
            "oneOf" => {
                let fitting = rule.as_array().unwrap().iter().filter(|inner| wrong(document, inner, value).is_none());
                if fitting.count() == 1 { None } else { fault("not one of several") }
            }
            "allOf" => rule.as_array().unwrap().iter().find_map(|inner| wrong(document, inner, value)),
            "enum" => {
                if rule.as_array().unwrap().contains(value) {
                    None
                } else {
                    fault("not in the list")
                }
            }
            "minimum" => {
                if value.is_number() && value.as_f64() < rule.as_f64() {
                    fault("too small")
                } else {
                    None
                }
            }
            "maximum" => {
                if value.is_number() && value.as_f64() > rule.as_f64() {
                    fault("too large")
                } else {
                    None
                }
            }
            "description" | "format" | "propertyNames" | "title" | "default" | "example" => None,
            word => panic!("the schemas have come to use {word}"),
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// What is wrong with the fields that the schema does not name.
fn strange(document: &Value, schema: &Value, value: &Value) -> Option<String> {
    let known = |name: &&String| schema["properties"].get(name.as_str()).is_some();
    let mut others = value.as_object().into_iter().flatten().filter(|(name, _)| !known(name));
    match &schema["additionalProperties"] {
        Value::Bool(false) => others.next().map(|(name, _)| format!("has a strange {name}")),
        Value::Bool(true) => None,
        rule => others.find_map(|(_, inner)| wrong(document, rule, inner)),
    }
}

fn is_a(wanted: &Value, value: &Value) -> bool {
    match wanted {
        Value::Array(several) => several.iter().any(|one| is_a(one, value)),
        one => match one.as_str().unwrap() {
            "string" => value.is_string(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            "null" => value.is_null(),
            other => panic!("no type {other}"),
        },
    }
}
