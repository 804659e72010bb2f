//! The controller's refusals in the words of Deis's client, because scripts look for them; what that one could only
//! dump as `Unknown Error` is said in words, except to users of the name `deis`.

use api::{
    client::{Refusal, StatusCode},
    error::ErrorBody,
};

use crate::name::Name;

const BLANK: &str = "This field may not be blank.";
const USERNAME: &str = "Enter a valid username. This value may contain only letters, numbers and @/./+/-/_ characters.";
const APP_NAME: &str = "App name can only contain a-z (lowercase), 0-9 and hyphens";
const NAME: &str = "Can only contain a-z (lowercase), 0-9 and hyphens";

/// Field, what its list must contain exactly, and what is said then. The first row that fits wins.
const FIELDS: [(&str, &str, &str); 20] = [
    ("username", BLANK, USERNAME),
    ("username", USERNAME, USERNAME),
    ("username", "A user with that username already exists.", "A user with that username already exists."),
    ("password", BLANK, "A Password is required"),
    ("non_field_errors", "Unable to log in with provided credentials.", "Unable to log in with provided credentials."),
    ("id", APP_NAME, APP_NAME),
    ("id", "Application with this id already exists.", "Application with this id already exists."),
    ("key", BLANK, "A key is required"),
    ("key", "Public Key is already in use", "Public Key is already in use"),
    ("public", BLANK, "A key is required"),
    ("public", "Key contains invalid base64 chars", "A key is required"),
    ("certificate", BLANK, "Could not load certificate"),
    ("certificate", "Could not load certificate", "Could not load certificate"),
    ("name", BLANK, "Name can only contain a-z (lowercase), 0-9 and hyphens"),
    ("name", NAME, "Name can only contain a-z (lowercase), 0-9 and hyphens"),
    ("domain", "Hostname does not look valid.", "Hostname does not look valid."),
    ("domain", "Domain is already in use by another application", "Domain is already in use by another application"),
    ("image", BLANK, "The given image is invalid"),
    ("id", BLANK, "An id is required"),
    ("email", "Enter a valid email address.", "Enter a valid email address."),
];

/// What a 400's detail contains, and what is said then.
const DETAILS: [(&str, &str); 3] = [
    ("does not exist in application", "Pod not found in application"),
    ("version cannot be below 0", "The given version is invalid"),
    ("No nodes matched the provided labels", "No nodes matched the provided labels"),
];

const STILL_OWNS: &str = "still has applications assigned. Delete or transfer ownership";

/// The message after `Error: `.
pub fn text(refusal: &Refusal, name: &Name) -> String {
    match refusal.status {
        StatusCode::BAD_REQUEST => bad_request(refusal).unwrap_or_else(|| unknown(refusal, name)),
        StatusCode::UNAUTHORIZED if is_wrong_password(refusal) && !name.is_deis() => unknown(refusal, name),
        StatusCode::UNAUTHORIZED => "Unauthorized: Missing or Invalid Token".to_owned(),
        StatusCode::FORBIDDEN => "You do not have permission to perform this action.".to_owned(),
        StatusCode::NOT_FOUND if refusal.text.is_empty() => "Not Found".to_owned(),
        // The original prints the bare JSON string with its quotes, and its scripts look for them.
        StatusCode::NOT_FOUND if is_bare_string(refusal) || name.is_deis() => refusal.text.trim_end().to_owned(),
        StatusCode::METHOD_NOT_ALLOWED => "Method Not Allowed".to_owned(),
        StatusCode::CONFLICT if refusal.text.contains(STILL_OWNS) => {
            format!("Failed to delete user because the user {STILL_OWNS}.")
        }
        StatusCode::UNPROCESSABLE_ENTITY => match refusal.body() {
            Some(ErrorBody::Detail { detail }) => format!("Unable to process your request: {detail}"),
            _ => unknown(refusal, name),
        },
        StatusCode::INTERNAL_SERVER_ERROR => "Internal Server Error".to_owned(),
        _ => unknown(refusal, name),
    }
}

fn is_bare_string(refusal: &Refusal) -> bool {
    matches!(refusal.body(), Some(ErrorBody::Missing(_)))
}

/// `passwd` is refused with 401 for the current password, too; a new login would not help.
pub fn is_wrong_password(refusal: &Refusal) -> bool {
    matches!(refusal.body(), Some(ErrorBody::Detail { detail }) if detail.contains("password"))
}

fn bad_request(refusal: &Refusal) -> Option<String> {
    match refusal.body()? {
        ErrorBody::Fields(fields) => FIELDS
            .iter()
            .find(|(field, said, _)| fields.get(*field).is_some_and(|all| all.iter().any(|one| one == said)))
            .map(|(_, _, text)| (*text).to_owned()),
        ErrorBody::Detail { detail } => {
            DETAILS.iter().find(|(part, _)| detail.contains(part)).map(|(_, text)| (*text).to_owned())
        }
        ErrorBody::Missing(_) => None,
    }
}

fn unknown(refusal: &Refusal, name: &Name) -> String {
    if name.is_deis() {
        return format!("Unknown Error ({}): {}", refusal.status.as_u16(), refusal.text.replace("\\n", "\n"));
    }
    match refusal.body() {
        Some(ErrorBody::Detail { detail } | ErrorBody::Missing(detail)) => detail,
        Some(ErrorBody::Fields(fields)) if !fields.is_empty() => {
            let lines = fields.iter().flat_map(|(field, texts)| texts.iter().map(move |text| about(field, text)));
            lines.collect::<Vec<_>>().join("\n")
        }
        _ => format!("the controller answered {}{}", refusal.status, excerpt(&refusal.text)),
    }
}

/// Most messages name their subject; those of the framework only say "this field".
fn about(field: &str, text: &str) -> String {
    if text.to_lowercase().contains("this field") { format!("{field}: {text}") } else { text.to_owned() }
}

/// A plain text says something; a page of HTML is for browsers.
fn excerpt(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() || text.starts_with('<') || text.len() > 400 { String::new() } else { format!(": {text}") }
}

#[cfg(test)]
mod tests {
    use super::text;
    use crate::name::Name;
    use api::client::{Refusal, StatusCode};

    fn said(program: &str, status: u16, body: &str) -> String {
        let refusal = Refusal {
            status: StatusCode::from_u16(status).unwrap(),
            text: body.to_owned(),
            retry_after: None,
            location: None,
            request_id: None,
        };
        text(&refusal, &Name::of_program(Some(&program.into())))
    }

    #[test]
    fn the_words_of_deis() {
        for (status, body, words) in [
            (400, r#"{"password":["This field may not be blank."]}"#, "A Password is required"),
            (400, r#"{"id":["Application with this id already exists."]}"#, "Application with this id already exists."),
            (400, r#"{"detail":"version cannot be below 0"}"#, "The given version is invalid"),
            (401, r#"{"detail":"Invalid token."}"#, "Unauthorized: Missing or Invalid Token"),
            (404, r#""No App matches the given query.""#, r#""No App matches the given query.""#),
            (404, "", "Not Found"),
            (
                422,
                r#"{"detail":"B does not exist under values"}"#,
                "Unable to process your request: B does not exist under values",
            ),
            (500, "", "Internal Server Error"),
        ] {
            assert_eq!(said("mycli", status, body), words);
            assert_eq!(said("deis", status, body), words);
        }
    }

    #[test]
    fn what_deis_could_not_say() {
        let body = r#"{"detail":"blog (app::deploy): the image exits at once"}"#;
        assert_eq!(said("deis", 400, body), format!("Unknown Error (400): {body}"));
        assert_eq!(said("mycli", 400, body), "blog (app::deploy): the image exits at once");
        let body = r#"{"id":["x is a reserved name."],"email":["This field is required."]}"#;
        assert_eq!(said("mycli", 400, body), "email: This field is required.\nx is a reserved name.");
        assert_eq!(said("mycli", 502, "<html>"), "the controller answered 502 Bad Gateway");
    }
}
