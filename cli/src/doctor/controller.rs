//! The controller: does one answer there, can somebody listen on the way, does it speak our version, and is it the same time
//! there.

use anyhow::Result;
use api::{
    client::{Client, StatusCode, Url, auth, health},
    headers::{API_VERSION, is_compatible},
};
use chrono::{TimeDelta, Utc};

use super::report::Report;
use crate::{
    context::{Context, controller_url},
    report,
    settings::Settings,
};

const CHECK: &str = "controller";
/// From here on logs and expiry dates are misread, and certificates may seem to be out of date.
const SKEW: TimeDelta = TimeDelta::seconds(60);

/// True when a controller answers.
pub async fn check(settings: &Settings, context: &Context, report: &mut Report<'_>) -> Result<bool> {
    let client = context.client(&settings.controller, None, settings.ssl_verify)?;
    let origin = client.origin();
    match auth::is_controller(&client).await {
        Ok(true) => {}
        Ok(false) => {
            let next = format!("Is the address right? {} login <controller> sets another.", context.name);
            report.fail(CHECK, format!("something answers at {origin}, but not as a controller does"), next)?;
            return Ok(false);
        }
        Err(error) => {
            let (text, next) = report::describe(&error.into(), &context.name);
            report.fail(CHECK, text, next.unwrap_or_else(|| "Try again later.".to_owned()))?;
            return Ok(false);
        }
    }
    privacy(&origin, &controller_url(&settings.controller)?, settings.ssl_verify, report)?;
    header(&client, report).await?;
    Ok(true)
}

fn privacy(origin: &str, url: &Url, verify_tls: bool, report: &mut Report) -> Result<()> {
    if url.scheme() == "https" && !verify_tls {
        let next = "Log in again without --ssl-verify=false, once its certificate is one that this machine trusts.";
        report.warn(CHECK, format!("{origin} answers, but its certificate is not verified"), next)?;
    } else if url.scheme() == "http" && !is_here(url) {
        let text = format!("{origin} answers, without TLS: whoever is on the way can read your token");
        report.warn(CHECK, text, "Log in again with https://, if the platform has it.")?;
    } else {
        report.ok(CHECK, format!("{origin} answers"))?;
    }
    Ok(())
}

/// What is on this machine crosses no network.
fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Version and time, which every answer tells.
async fn header(client: &Client, report: &mut Report<'_>) -> Result<()> {
    let health = match health::look(client).await {
        Ok(health) => health,
        Err(error) => {
            let is_busy = error.refusal().is_some_and(|refusal| refusal.status == StatusCode::SERVICE_UNAVAILABLE);
            let why = if is_busy { "it has no database at the moment".to_owned() } else { error.to_string() };
            let next = "Its operator sees more: slipway status";
            return Ok(report.fail("health", format!("the controller says that it is not well: {why}"), next)?);
        }
    };
    match health.api_version.as_deref() {
        Some(version) if is_compatible(version) => {
            report.ok("version", format!("API {version}, this client {API_VERSION}"))?;
        }
        Some(version) => {
            let text = format!("the controller speaks API {version}, this client {API_VERSION}");
            report.warn("version", text, "Some commands may fail; use a client of the controller's age.")?;
        }
        None => {
            report.warn("version", "the controller does not tell its version", "A proxy may have taken it away.")?;
        }
    }
    let Some(there) = health.now else { return Ok(()) };
    let skew = (Utc::now() - there).abs();
    if skew > SKEW {
        let text = format!("this machine and the controller are {} s apart", skew.num_seconds());
        report.warn("clock", text, "Have both set their clocks by the network: timedatectl set-ntp true")?;
    } else {
        report.ok("clock", "this machine and the controller agree")?;
    }
    Ok(())
}
