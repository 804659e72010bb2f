//! What users see, without what changes from run to run.

use insta::{Settings, internals::SettingsBindDropGuard};

use crate::user::User;

/// Names, times, ports and the user's home become words in all snapshots, as long as this lives.
pub fn settle(user: &User) -> SettingsBindDropGuard {
    let mut settings = Settings::clone_current();
    settings.add_filter(&user.home().display().to_string(), "$$HOME");
    // Pushes go to the name of the builder, or to its address where the name leads nowhere.
    settings.add_filter(r"ssh://(slipway-builder\.localhost|127\.0\.0\.1):\d+/", "ssh://<builder>/");
    settings.add_filter(r"git@(slipway-builder\.localhost|127\.0\.0\.1): ", "git@<builder>: ");
    settings.add_filter(r"localhost:\d+", "localhost");
    // What a slow machine shows while nothing happens.
    settings.add_filter(r"(?m)^\.\.\.\n", "");
    settings.add_filter(r"\b[0-9a-f]{7}\.\.[0-9a-f]{7}\b", "<sha>..<sha>");
    settings.add_filter(r"git-[0-9a-f]{8}\b", "git-<sha>");
    settings.add_filter(r"(?m)deployed [0-9a-f]{7}$", "deployed <sha>");
    settings.add_filter(r"-[0-9a-f]{8}-[a-z0-9]{5}\b", "-<release>-<name>");
    settings.add_filter(r"\.[a-z0-9]{5}\]", ".<name>]");
    settings.add_filter(r"-run-[a-z0-9]{5}\b", "-run-<name>");
    settings.add_filter(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uuid>");
    settings.add_filter(r"([ -])[0-9a-f]{7} ", "$1<uuid> ");
    settings.add_filter(r"\d{4}-\d\d-\d\dT[\d:]+(Z|\+00:00)", "<time>");
    settings.add_filter(r"in \d+s", "in <n>s");
    settings.add_filter(r"cannot be reached: .*", "cannot be reached: <why>");
    settings.add_filter(r"its part within (\d+) s: .*", "its part within $1 s: <why>");
    // How often it was started until that was enough.
    settings.add_filter(r"(err:     goodbye\n)+", "err:     goodbye\n");
    settings.add_filter(r"(    cannot reach the database\n)+", "    cannot reach the database\n");
    settings.add_filter(r"\b([0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{11,12})\b", "<id>");
    settings.bind_to_scope()
}
