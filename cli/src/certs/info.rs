//! `certs:info`.

use anyhow::Result;
use api::{client::certs, types::Certificate};
use chrono::Utc;

use super::date;
use crate::{context::Context, items::JsonArg};

/// Prints what a certificate says and which domains it serves.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli certs:info web-2024")]
pub struct Args {
    /// Name of the certificate
    name: String,
    #[command(flatten)]
    json: JsonArg,
}

/// Prints it.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.session()?;
    let certificate = certs::get(&session.client, &args.name).await?;
    let ui = &context.ui;
    if args.json.json {
        return Ok(ui.json(&certificate)?);
    }
    ui.heading(format!("{} Certificate", certificate.name))?;
    let say = |rows: &[(&str, String)]| {
        rows.iter().try_for_each(|(label, value)| ui.say(format!("{label:<19} {value}").trim_end()))
    };
    say(&said(&certificate))?;
    ui.say("")?;
    Ok(say(&kept(&certificate))?)
}

/// What it says.
fn said(certificate: &Certificate) -> [(&'static str, String); 7] {
    [
        ("Common Name(s):", certificate.common_name.clone().unwrap_or_else(|| "N/A".to_owned())),
        ("Expires At:", date::with_distance(certificate.expires, Utc::now())),
        ("Starts At:", date::short(certificate.starts)),
        ("Fingerprint:", certificate.fingerprint.clone()),
        ("Subject Alt Name:", joined(&certificate.san, "N/A")),
        ("Issuer:", certificate.issuer.clone()),
        ("Subject:", certificate.subject.clone()),
    ]
}

/// What the platform knows about it.
fn kept(certificate: &Certificate) -> [(&'static str, String); 4] {
    [
        ("Connected Domains:", joined(&certificate.domains, "No connected domains")),
        ("Owner:", certificate.owner.clone()),
        ("Created:", date::short(Some(certificate.created))),
        ("Updated:", date::short(Some(certificate.updated))),
    ]
}

fn joined(names: &[String], none: &str) -> String {
    if names.is_empty() { none.to_owned() } else { names.join(",") }
}
