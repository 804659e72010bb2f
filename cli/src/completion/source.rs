//! Where the names come from that a half-written command line can go on with.

use std::{ffi::OsString, time::Duration};

use anyhow::Result;
use api::client::{apps, certs, config, domains, keys, releases};
use tokio::time::timeout;

use super::kind::Kind;
use crate::{
    context::{AppSession, Context},
    items::AppArg,
    settings::Profiles,
};

/// Somebody waits for the line to go on.
const PATIENCE: Duration = Duration::from_secs(2);
/// More of anything helps nobody who completes a word.
const MOST: u32 = 1000;

/// The user's surroundings, as the command line so far says.
pub struct Source {
    context: Context,
    app: AppArg,
}

impl Source {
    /// Reads what was typed before the word that is completed.
    pub fn new(context: &Context, typed: &[OsString]) -> Self {
        let config = option(typed, "-c", "--config");
        let app = option(typed, "-a", "--app");
        Self { context: Context::new(context.name.clone(), context.ui.clone(), config), app: AppArg { app } }
    }

    /// All names of a kind; none where they cannot be had, or not soon.
    pub async fn names(&self, kind: Kind) -> Vec<String> {
        let names = timeout(PATIENCE, self.ask(kind)).await;
        let mut names = names.ok().and_then(Result::ok).unwrap_or_default();
        names.retain(|name| is_plain(name));
        names
    }

    async fn ask(&self, kind: Kind) -> Result<Vec<String>> {
        Ok(match kind {
            Kind::App => {
                let page = apps::list(&self.context.session()?.client, Some(MOST)).await?;
                page.results.into_iter().map(|app| app.id.to_string()).collect()
            }
            Kind::Certificate => {
                let page = certs::list(&self.context.session()?.client, Some(MOST)).await?;
                page.results.into_iter().map(|certificate| certificate.name).collect()
            }
            Kind::Domain => {
                let AppSession { client, app, .. } = self.app()?;
                let page = domains::list(&client, &app, Some(MOST)).await?;
                page.results.into_iter().map(|domain| domain.domain).collect()
            }
            Kind::Key => {
                let page = keys::list(&self.context.session()?.client, Some(MOST)).await?;
                page.results.into_iter().map(|key| key.id).collect()
            }
            Kind::ProcessType => {
                let AppSession { client, app, .. } = self.app()?;
                apps::get(&client, &app).await?.structure.into_keys().map(|it| it.to_string()).collect()
            }
            Kind::Profile => Profiles::of(&self.context.name)?.names()?,
            Kind::Release => {
                let AppSession { client, app, .. } = self.app()?;
                let page = releases::list(&client, &app, Some(MOST)).await?;
                page.results.into_iter().map(|release| format!("v{}", release.version)).collect()
            }
            Kind::Variable => {
                let AppSession { client, app, .. } = self.app()?;
                // The values end here.
                config::get(&client, &app).await?.values.into_keys().collect()
            }
        })
    }

    fn app(&self) -> Result<AppSession> {
        self.context.app(&self.app)
    }
}

/// The value of an option among the words.
fn option(words: &[OsString], short: &str, long: &str) -> Option<String> {
    let mut words = words.iter().map(|word| word.to_string_lossy()).take_while(|word| word != "--");
    let mut found = None;
    while let Some(word) = words.next() {
        if word == short || word == long {
            found = words.next().map(String::from).or(found);
        } else if let Some(value) = word.strip_prefix(long).and_then(|rest| rest.strip_prefix('=')) {
            found = Some(value.to_owned());
        } else if let Some(value) = word.strip_prefix(short).filter(|_| !word.starts_with("--")) {
            found = Some(value.strip_prefix('=').unwrap_or(value).to_owned());
        }
    }
    found
}

/// It becomes part of a command line: nothing in it may mean something to a shell.
fn is_plain(name: &str) -> bool {
    let harmless = |c: char| c.is_alphanumeric() || "._-:@+/".contains(c);
    !name.is_empty() && !name.starts_with('-') && name.chars().all(harmless)
}

#[cfg(test)]
mod tests {
    use super::{is_plain, option};

    #[test]
    fn options_in_every_form() {
        for (line, value) in [
            ("mycli ps -a blog", Some("blog")),
            ("mycli ps -ablog", Some("blog")),
            ("mycli ps --app blog --limit 1", Some("blog")),
            ("mycli ps --app=blog", Some("blog")),
            ("mycli ps -a one -a two", Some("two")),
            ("mycli ps --all", None),
            ("mycli run -- ls -a x", None),
            ("mycli ps -a", None),
        ] {
            let words: Vec<_> = line.split(' ').map(Into::into).collect();
            assert_eq!(option(&words, "-a", "--app").as_deref(), value, "{line}");
        }
    }

    #[test]
    fn nothing_that_a_shell_obeys() {
        for name in ["blog", "KEY_1", "v3", "*.example.com", "ana@laptop", "$(id)", "a b", "a;b", "-rf", "", "a\x1bb"] {
            assert_eq!(is_plain(name), ["blog", "KEY_1", "v3", "ana@laptop"].contains(&name), "{name:?}");
        }
    }
}
