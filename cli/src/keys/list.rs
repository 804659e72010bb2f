//! `keys:list`.

use anyhow::Result;
use api::client::keys;

use crate::{
    context::Context,
    items::{JsonArg, PageArg},
    ui::Ui,
};

/// Characters of a key that are shown, at its beginning and at its end.
const HEAD: usize = 16;
const TAIL: usize = 10;

/// Lists SSH keys for the logged in user.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    page: PageArg,
    #[command(flatten)]
    json: JsonArg,
}

/// Lists them by the text of the key.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.session()?;
    let page = keys::list(&session.client, Some(session.settings.page(args.page.limit))).await?;
    let ui = &context.ui;
    if args.json.json {
        return Ok(ui.json(&page.results)?);
    }
    ui.heading(format!("{} Keys{}", session.settings.username, Ui::suffix(page.results.len(), page.count)))?;
    let shown: Vec<_> = page.results.iter().map(|key| (key.id.as_str(), shortened(&key.public))).collect();
    Ok(ui.pairs(shown.iter().map(|(id, key)| (*id, key.as_str())), 1)?)
}

/// The key's type and the end of its comment: enough to know it again.
fn shortened(key: &str) -> String {
    let letters: Vec<char> = key.trim().chars().collect();
    let tail = letters.len().saturating_sub(TAIL);
    let part = |letters: &[char]| letters.iter().collect::<String>();
    format!("{}...{}", part(&letters[..HEAD.min(letters.len())]), part(&letters[tail..]))
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn keys_are_shortened() {
        assert_eq!(shortened("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA ana@laptop\n"), "ssh-ed25519 AAAA...ana@laptop");
        assert_eq!(shortened("ä"), "ä...ä");
    }
}
