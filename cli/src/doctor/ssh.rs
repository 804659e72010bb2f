//! SSH, by which commits come: does the builder answer, is it the one that the controller tells of, does this user trust it,
//! and does it know the user.

use std::time::Duration;

use anyhow::Result;
use api::{
    client::{info, keys},
    names::PublicKey,
};
use tokio::{net::TcpStream, time::timeout};

use super::{known, report::Report};
use crate::{
    builder::Builder,
    context::{Context, Session},
    keys::{found, ssh_folder},
};

const CHECK: &str = "ssh";
/// Who does not answer within this time does not answer `git push` either.
const PATIENCE: Duration = Duration::from_secs(5);

/// Everything about pushes that is not git's.
pub async fn check(session: &Session, context: &Context, report: &mut Report<'_>) -> Result<()> {
    if info::get(&session.client).await.is_ok_and(|info| info.is_some_and(|info| info.ssh.is_none())) {
        return Ok(report.ok(CHECK, "this platform takes images only, no pushes")?);
    }
    let builder = match Builder::find(&session.client, &session.settings.controller).await {
        Ok(builder) => builder,
        Err(error) => return Ok(report.warn(CHECK, error.to_string(), "Where commits are pushed to is not known.")?),
    };
    if reach(&builder, report).await? {
        host_keys(&builder, report)?;
    }
    own_key(session, context, report).await
}

/// True when somebody listens there.
async fn reach(builder: &Builder, report: &mut Report<'_>) -> Result<bool> {
    let (host, port) = builder.address();
    let why = match timeout(PATIENCE, TcpStream::connect((host, port))).await {
        Ok(Ok(_)) => return Ok(true),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
    };
    let next =
        "`git push` goes there: does a firewall let this machine through? The operator sees more: slipway status";
    report.fail(CHECK, format!("cannot reach {host} port {port}: {why}"), next)?;
    Ok(false)
}

/// Whether it is the host that the controller tells of, and whether OpenSSH knows that.
fn host_keys(builder: &Builder, report: &mut Report) -> Result<()> {
    let (host, port) = builder.address();
    let told: Vec<_> = builder.keys().collect();
    let Ok(shown) = known::shown_by(host, port) else {
        return Ok(report.warn(
            CHECK,
            "OpenSSH is not installed",
            "`git push` needs it: apt install openssh-client",
        )?);
    };
    if shown.is_empty() {
        let next = "Another program may have the port; the operator sees more: slipway status";
        return Ok(report.fail(CHECK, format!("{host} port {port} answers, but not as SSH does"), next)?);
    }
    if told.is_empty() {
        return Ok(report.ok(CHECK, format!("{host} port {port} answers; the controller does not tell its keys"))?);
    }
    if !shown.iter().any(|key| told.contains(&key.as_str())) {
        let next = "Do not push: somebody may stand in between. Ask the operator.";
        return Ok(report.fail(
            CHECK,
            format!("{host} port {port} shows other keys than the controller tells"),
            next,
        )?);
    }
    let name = builder.known_as();
    let trusted = known::trusted(&name, &ssh_folder()?)?;
    if trusted.iter().any(|key| told.contains(&key.as_str())) {
        report.ok(CHECK, format!("{host} port {port} is the host that the controller tells of, and you trust it"))?;
    } else if trusted.is_empty() {
        let text = format!("{host} port {port} is the host that the controller tells of; OpenSSH does not know it yet");
        let next = format!("The first push asks; say yes to {}.", builder.fingerprints().join(" or "));
        report.warn(CHECK, text, next)?;
    } else {
        let next = format!("If the platform is a new one: ssh-keygen -R '{name}'");
        report.fail(CHECK, format!("known_hosts has other keys for {name} than the controller tells"), next)?;
    }
    Ok(())
}

/// Whether one of the user's keys is registered.
async fn own_key(session: &Session, context: &Context, report: &mut Report<'_>) -> Result<()> {
    let registered = match keys::list(&session.client, Some(session.settings.page(None))).await {
        Ok(page) => page.results,
        Err(error) => return Ok(report.warn("key", error.to_string(), "Your keys are not known.")?),
    };
    let add = format!("`git push` needs one: {} keys:add", context.name);
    if registered.is_empty() {
        return Ok(report.warn("key", "no SSH key of yours is registered", add)?);
    }
    let mine = found(&context.ui)?;
    let parsed = registered.iter().filter_map(|key| Some((&key.id, PublicKey::parse(&key.public).ok()?)));
    let both = parsed.into_iter().find(|(_, key)| mine.iter().any(|file| file.key.blob() == key.blob()));
    match both {
        Some((id, _)) => report.ok("key", format!("{id} is registered, and in ~/.ssh"))?,
        None => report.warn(
            "key",
            format!("none of the {} registered keys is in ~/.ssh", registered.len()),
            format!("An agent may have it. If not, {add}"),
        )?,
    }
    Ok(())
}
