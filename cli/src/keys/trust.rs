//! Host keys of the builder that the user has not seen yet: a first push that asks nothing.

use anyhow::Result;

use super::{choose::ssh_folder, known_hosts::KnownHosts};
use crate::{
    builder::Builder,
    context::{Context, Session},
    report::Failure,
};

/// Adds them to `known_hosts` without a question.
pub async fn at_once(session: &Session, context: &Context) -> Result<()> {
    let builder = Builder::find(&session.client, &session.settings.controller).await?;
    if builder.keys().next().is_none() {
        return Err(Failure::new("the controller tells no SSH host keys, so none were added")
            .hint("Your key was uploaded. OpenSSH asks about the host at the first push.")
            .into());
    }
    add(&builder, true, context)
}

/// Offers to add them, where there are any. The key is uploaded already: a controller that does not tell is no failure.
pub async fn offer(session: &Session, context: &Context) -> Result<()> {
    match Builder::find(&session.client, &session.settings.controller).await {
        Ok(builder) => add(&builder, false, context),
        Err(_) => Ok(()),
    }
}

fn add(builder: &Builder, is_trusted: bool, context: &Context) -> Result<()> {
    let (file, host) = (KnownHosts::read(&ssh_folder()?)?, builder.known_as());
    let new: Vec<_> = builder.keys().filter(|key| !file.has(&host, key)).collect();
    if new.is_empty() {
        return Ok(());
    }
    let path = file.path().display();
    if !is_trusted
        && !context.ui.confirm(&format!("Add the host keys of {host}, as the controller tells them, to {path}?"))?
    {
        return Ok(());
    }
    file.append(&host, &new)?;
    Ok(context.ui.say(format!("Host keys of {host} added to {path}"))?)
}
