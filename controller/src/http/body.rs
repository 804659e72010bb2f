//! JSON request bodies, with Deis's verdicts on bad ones.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::StatusCode,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::ToSchema;

use super::route::{Argument, Operation};
use crate::error::Error;

/// Bytes a request body may have; the largest sensible one is a config with a few certificates in it.
pub(super) const MAX: usize = 1 << 20;

/// The JSON object in the body; an absent body is an empty object.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| unreadable(rejection.status()))?;
        parse(&bytes).map(Self)
    }
}

impl<T: ToSchema> Argument for Body<T> {
    fn describe(operation: &mut Operation) {
        operation.takes_json::<T>();
    }
}

/// Why a body could not be read.
pub(super) fn unreadable(status: StatusCode) -> Error {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return Error::TooLarge(format!("The request body is larger than {} KiB.", MAX / 1024));
    }
    Error::BadRequest("The request body could not be read.".to_owned())
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    let value: Value = match bytes {
        [] => Value::Object(serde_json::Map::new()),
        bytes => {
            serde_json::from_slice(bytes).map_err(|error| Error::BadRequest(format!("JSON parse error - {error}")))?
        }
    };
    if !value.is_object() {
        let text = format!("Invalid data. Expected a dictionary, but got {}.", kind(&value));
        return Err(Error::field("non_field_errors", text));
    }
    for (field, value) in value.as_object().into_iter().flatten() {
        if field.contains('\0') || has_null(value) {
            // No text of PostgreSQL can hold one, nor can an argument or a variable of a process.
            return Err(Error::field(field.replace('\0', ""), "Null characters are not allowed."));
        }
    }
    serde_path_to_error::deserialize(&value).map_err(|error| wrong_type(&error, &value))
}

/// The field that has the wrong type, in the serializer's words.
fn wrong_type(error: &serde_path_to_error::Error<serde_json::Error>, body: &Value) -> Error {
    let text = error.inner().to_string();
    for (verdict, ours) in
        [("missing field `", "This field is required."), ("unknown field `", "This field is not known here.")]
    {
        if let Some((field, _)) = text.strip_prefix(verdict).and_then(|rest| rest.split_once('`')) {
            return Error::field(field, ours);
        }
    }
    let path = error.path().to_string();
    let field = path.split(['.', '[']).next().unwrap_or_default();
    let text = match body.get(field) {
        Some(Value::Null) => "This field may not be null.".to_owned(),
        Some(_) => text,
        None => return Error::field("non_field_errors", text),
    };
    Error::field(field, text)
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(fields) => fields.iter().any(|(name, value)| name.contains('\0') || has_null(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

#[cfg(test)]
mod tests {
    use api::types::{CreateBuild, Grant, Rollback, UpdateSettings};
    use serde::de::DeserializeOwned;

    use super::parse;

    fn verdict<T: DeserializeOwned>(body: &str) -> String {
        match parse::<T>(body.as_bytes()) {
            Ok(_) => "fine".to_owned(),
            Err(error) => serde_json::to_string(&error.body()).unwrap(),
        }
    }

    #[test]
    fn bad_bodies_are_told_apart() {
        assert_eq!(verdict::<Rollback>(""), "fine");
        assert_eq!(verdict::<Rollback>("{\"unknown\": 1}"), "fine");
        insta::assert_snapshot!(verdict::<Rollback>("{"), @r#"{"detail":"JSON parse error - EOF while parsing an object at line 1 column 1"}"#);
        insta::assert_snapshot!(verdict::<CreateBuild>(r#"{"procfile": {"web": "a\u0000"}}"#), @r#"{"procfile":["Null characters are not allowed."]}"#);
        insta::assert_snapshot!(verdict::<Rollback>("[]"), @r#"{"non_field_errors":["Invalid data. Expected a dictionary, but got list."]}"#);
        insta::assert_snapshot!(verdict::<Rollback>(r#"{"version": "two"}"#), @r#"{"version":["invalid type: string \"two\", expected i64"]}"#);
        insta::assert_snapshot!(verdict::<Grant>("{}"), @r#"{"username":["This field is required."]}"#);
        insta::assert_snapshot!(verdict::<UpdateSettings>(r#"{"colour": 1}"#), @r#"{"colour":["This field is not known here."]}"#);
        insta::assert_snapshot!(verdict::<CreateBuild>(r#"{"image": null}"#), @r#"{"image":["This field may not be null."]}"#);
        insta::assert_snapshot!(verdict::<CreateBuild>(r#"{"procfile": {"web": 1}}"#), @r#"{"procfile":["invalid type: integer `1`, expected a string"]}"#);
    }

    #[test]
    fn the_error_of_a_body_names_no_secret_it_did_not_have_to() {
        let verdict = verdict::<api::types::Credentials>(r#"{"username": "ana", "password": ["hunter2"]}"#);
        assert!(!verdict.contains("hunter2"), "{verdict}");
    }
}
