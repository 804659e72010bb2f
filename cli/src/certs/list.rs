//! `certs:list`.

use anyhow::Result;
use api::{client::certs, types::Certificate};
use chrono::Utc;

use super::{date, table};
use crate::{
    context::Context,
    items::{JsonArg, PageArg},
};

/// Characters of a fingerprint that are shown, at its beginning and at its end.
const END: usize = 5;

const HEADER: [&str; 8] =
    ["Name", "Common Name", "SubjectAltName", "Expires", "Fingerprint", "Domains", "Updated", "Created"];

/// Lists certificates of the logged in user.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    page: PageArg,
    #[command(flatten)]
    json: JsonArg,
}

/// Lists them by name.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.session()?;
    let page = certs::list(&session.client, Some(session.settings.page(args.page.limit))).await?;
    let ui = &context.ui;
    if args.json.json {
        return Ok(ui.json(&page.results)?);
    }
    if page.results.is_empty() {
        return Ok(ui.say("No certs")?);
    }
    let rows = page.results.iter().map(row).collect::<Vec<_>>();
    Ok(table::lines(HEADER, &rows).iter().try_for_each(|line| ui.say(line))?)
}

fn row(certificate: &Certificate) -> [String; 8] {
    [
        certificate.name.clone(),
        certificate.common_name.clone().unwrap_or_default(),
        certificate.san.join(","),
        date::with_distance(certificate.expires, Utc::now()),
        shortened(&certificate.fingerprint),
        certificate.domains.join(","),
        date::short(Some(certificate.updated)),
        date::short(Some(certificate.created)),
    ]
}

/// Enough to know it again.
fn shortened(fingerprint: &str) -> String {
    let letters: Vec<char> = fingerprint.chars().collect();
    let part = |letters: &[char]| letters.iter().collect::<String>();
    let (head, tail) = (END.min(letters.len()), letters.len().saturating_sub(END));
    format!("{}[...]{}", part(&letters[..head]), part(&letters[tail..]))
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn fingerprints_are_shortened() {
        assert_eq!(shortened("8F:8E:AA:BB:CD:EB"), "8F:8E[...]CD:EB");
        assert_eq!(shortened("ä"), "ä[...]ä");
    }
}
