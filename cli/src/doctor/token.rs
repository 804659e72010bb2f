//! The token: whose is it, as the controller sees it.

use anyhow::Result;
use api::client::auth;

use super::report::Report;
use crate::{
    context::{Context, Session},
    report,
};

const CHECK: &str = "token";

/// The session, where the controller knows the token.
pub async fn check(context: &Context, report: &mut Report<'_>) -> Result<Option<Session>> {
    let session = context.session()?;
    match auth::whoami(&session.client).await {
        Ok(user) => {
            report.ok(CHECK, format!("you are {}", user.username))?;
            Ok(Some(session))
        }
        Err(error) => {
            let (text, next) = report::describe(&error.into(), &context.name);
            let next = next.unwrap_or_else(|| format!("Log in again: {} login <controller>", context.name));
            report.fail(CHECK, text, next)?;
            Ok(None)
        }
    }
}
