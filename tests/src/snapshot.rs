//! What users see, without what changes from run to run.

use anyhow::Result;
use insta::{Settings, internals::SettingsBindDropGuard};
use regex::Regex;

use crate::user::User;

/// What changes from run to run, and the words that stand for it.
const CHANGES: [(&str, &str); 20] = [
    // Pushes go to the name of the builder, or to its address where the name leads nowhere.
    (r"ssh://(slipway-builder\.localhost|127\.0\.0\.1):\d+/", "ssh://<builder>/"),
    (r"git@(slipway-builder\.localhost|127\.0\.0\.1): ", "git@<builder>: "),
    (r"localhost:\d+", "localhost"),
    // What a slow machine shows while nothing happens.
    (r"(?m)^\.\.\.\n", ""),
    (r"\b[0-9a-f]{7}\.\.[0-9a-f]{7}\b", "<sha>..<sha>"),
    (r"git-[0-9a-f]{8}\b", "git-<sha>"),
    (r"(?m)deployed [0-9a-f]{7}$", "deployed <sha>"),
    (r"-[0-9a-f]{8}-[a-z0-9]{5}\b", "-<release>-<name>"),
    (r"\.[a-z0-9]{5}\]", ".<name>]"),
    (r"-run-[a-z0-9]{5}\b", "-run-<name>"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uuid>"),
    (r"([ -])[0-9a-f]{7} ", "$1<uuid> "),
    (r"\d{4}-\d\d-\d\dT[\d:]+(Z|\+00:00)", "<time>"),
    (r"in \d+s", "in <n>s"),
    (r"cannot be reached: .*", "cannot be reached: <why>"),
    (r"its part within (\d+) s: .*", "its part within $1 s: <why>"),
    (r"sw_api_[0-9a-f]{64}", "<token>"),
    // How often it was started until that was enough.
    (r"(err:     goodbye\n)+", "err:     goodbye\n"),
    (r"(    cannot reach the database\n)+", "    cannot reach the database\n"),
    (r"\b([0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{11,12})\b", "<id>"),
];

/// Names, times, ports and the user's home become words in all snapshots, as long as this lives.
pub fn settle(user: &User) -> SettingsBindDropGuard {
    let mut settings = Settings::clone_current();
    settings.add_filter(&user.home().display().to_string(), "$$HOME");
    for (change, word) in CHANGES {
        settings.add_filter(change, word);
    }
    settings.bind_to_scope()
}

/// The same for a text that is no snapshot.
pub fn settled(text: &str) -> Result<String> {
    CHANGES.iter().try_fold(text.to_owned(), |text, (change, word)| {
        Ok(Regex::new(change)?.replace_all(&text, *word).into_owned())
    })
}
