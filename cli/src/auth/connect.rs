//! The first contact with a controller.

use anyhow::Result;
use api::client::{Client, auth};

use crate::{context::Context, report::Failure};

/// A client for the controller at `url`, once it has proved to be one.
pub async fn connect(url: &str, token: Option<&str>, verify_tls: bool, context: &Context) -> Result<Client> {
    let client = context.client(url, token, verify_tls)?;
    let doubt = |why: &str| {
        Failure::new(format!(
            "{} does not appear to be a valid Deis controller.\n\
             Make sure that the Controller URI is correct, the server is running and\n\
             your {} version is correct.",
            client.origin(),
            context.name
        ))
        .hint(why)
    };
    match auth::is_controller(&client).await {
        Ok(true) => Ok(client),
        Ok(false) => Err(doubt("Something answers there, but not as a controller does.").into()),
        Err(error) => Err(doubt(&error.to_string()).into()),
    }
}

/// `--ssl-verify` and `--login` take a word, and only `false` turns them off.
pub fn is_on(word: &str) -> bool {
    word != "false"
}
