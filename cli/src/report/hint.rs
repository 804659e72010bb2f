//! What to do next about an error that the controller or the way to it made.

use api::{
    client::{Error, Refusal, StatusCode},
    error::ErrorBody,
};

use super::refusal::is_wrong_password;
use crate::name::Name;

/// A remedy for a refusal, where there is one.
pub fn for_refusal(refusal: &Refusal, name: &Name) -> Option<String> {
    Some(match refusal.status {
        StatusCode::BAD_REQUEST => return no_machine(refusal),
        StatusCode::UNAUTHORIZED if is_wrong_password(refusal) => return None,
        StatusCode::UNAUTHORIZED => format!("Log in again: {name} login <controller>"),
        StatusCode::FORBIDDEN => {
            "Ask the owner of the app, or an administrator, to do it or to give you the right.".to_owned()
        }
        StatusCode::NOT_FOUND => missing(refusal, name)?,
        StatusCode::METHOD_NOT_ALLOWED => {
            "The controller does not know this operation; it may be older than the client.".to_owned()
        }
        StatusCode::CONFLICT if refusal.text.contains("changed nothing - release stopped") => {
            "Everything is already as you asked for, so there is nothing to release.".to_owned()
        }
        StatusCode::CONFLICT if refusal.text.contains("changed nothing") => {
            "Everything is already as you asked for.".to_owned()
        }
        StatusCode::TOO_MANY_REQUESTS => "Wait a little and try again.".to_owned(),
        StatusCode::INTERNAL_SERVER_ERROR => match &refusal.request_id {
            Some(id) => format!("The fault is the controller's; its operator finds it in the log under request {id}."),
            None => "The fault is the controller's; its operator finds the reason in its log.".to_owned(),
        },
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
            "The platform cannot do it at the moment; try again later.".to_owned()
        }
        status if status.is_redirection() => {
            let target = refusal.location.as_deref().unwrap_or("another place");
            format!(
                "The controller sends you to {target}. Your token is not sent there; log in at that address if you trust it."
            )
        }
        _ => return None,
    })
}

/// A remedy for a connection that did not work out.
pub fn for_transport(error: &Error) -> Option<String> {
    match error {
        Error::Unreachable { .. } if error.to_string().contains("certificate") => Some(
            "Somebody else may pretend to be the controller, so nothing was sent. If you know better: login ... \
             --ssl-verify=false"
                .to_owned(),
        ),
        Error::Unreachable { .. } => {
            Some("Check the address and that the controller runs. Nothing was changed.".to_owned())
        }
        Error::Lost { .. } => Some("It may have been carried out all the same; look before you try again.".to_owned()),
        Error::CutOff => Some("Whether the command ended is not known.".to_owned()),
        Error::Away => Some("Begin it again.".to_owned()),
        Error::Token => Some("Log in again to get a good one.".to_owned()),
        _ => None,
    }
}

/// What no machine bears; Deis's client said only that there is none.
fn no_machine(refusal: &Refusal) -> Option<String> {
    let Some(ErrorBody::Detail { detail }) = refusal.body() else { return None };
    let (_, labels) = detail.split_once("No nodes matched the provided labels: ")?;
    Some(format!("No machine bears {labels}. The operator labels one with --machine-label KEY=VALUE."))
}

fn missing(refusal: &Refusal, name: &Name) -> Option<String> {
    let text = |model: &str| refusal.text.contains(&format!("No {model} matches"));
    if text("App") {
        return Some(format!("`{name} apps` lists the apps you can use; choose one with --app."));
    }
    if text("Release") {
        return Some(format!("`{name} releases` lists the releases there are."));
    }
    if text("Domain") {
        return Some(format!("`{name} domains` lists the domains there are."));
    }
    if text("Certificate") {
        return Some(format!("`{name} certs` lists the certificates you have."));
    }
    if text("Key") {
        return Some(format!("`{name} keys` lists the keys you have."));
    }
    if text("User") {
        return Some("Check the spelling of the user's name; whoever it is must have registered.".to_owned());
    }
    refusal.body().is_none().then(|| "Is this the address of a controller?".to_owned())
}
