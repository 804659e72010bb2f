//! A `git push` between builder and controller, on the internal listener.
//!
//! The builder has no user data: it asks the controller whose key signed ([`KEY_PATH`]) and what that user may do
//! ([`ACCESS_PATH`]), takes the app's push lock ([`LOCK_PATH`]), and hands over the source of the commit
//! ([`BUILDS_PATH`]). From then on the push belongs to the platform. What becomes of it is read, and read again after a
//! lost connection, at [`events_path`].

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `POST` [`KeyQuestion`], answered with [`KeyOwner`]; 404 when nobody has registered the key.
pub const KEY_PATH: &str = "/internal/push/key";
/// `POST` [`AccessQuestion`], answered with [`Access`]; 403 with words for the pusher in an error body's `detail`.
pub const ACCESS_PATH: &str = "/internal/push/access";
/// `POST` [`Lock`] takes or renews the lock on pushes to an app (204); 409 while another push has it, or a build of the app is
/// under way. `DELETE` with the same body gives it up (204).
pub const LOCK_PATH: &str = "/internal/push/lock";
/// `POST` the source as an uncompressed tar, with [`StartBuild`] in the query; answered 201 with [`Started`]. A refusal is an
/// error body with words for the pusher, and nothing was begun.
pub const BUILDS_PATH: &str = "/internal/push/builds";
/// `GET`: the uuids of all apps, as a JSON array. A repository of none of them is nobody's any more.
pub const APPS_PATH: &str = "/internal/push/apps";
/// Seconds after which a push lock that nobody renews is free.
pub const LOCK_SECS: u64 = 30;
/// Seconds between two renewals.
pub const LOCK_RENEWAL_SECS: u64 = 8;
/// Seconds of silence after which [`PushEvent::Heartbeat`] is sent.
pub const HEARTBEAT_SECS: u64 = 10;

/// `GET` with `?from=<offset>`: one [`PushEvent`] a line, to the end of the build and its deploy. `from` is the newest
/// [`PushEvent::Log::next`] that was received, 0 at first.
#[must_use]
pub fn events_path(build: Uuid) -> String {
    format!("{BUILDS_PATH}/{build}/events")
}

/// Whose key is this?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyQuestion {
    /// The key in OpenSSH's form without a comment: `ssh-ed25519 AAAA...`.
    pub public: String,
}

/// The user who registered a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyOwner {
    /// Username.
    pub username: String,
}

/// May the user of this key do that?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessQuestion {
    /// The key that signed, as in [`KeyQuestion`].
    pub public: String,
    /// Exact name of the app.
    pub app: String,
    /// What for.
    pub right: PushRight,
}

/// What a git client wants of an app's repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PushRight {
    /// `git-receive-pack`.
    Push,
    /// `git-upload-pack`.
    Fetch,
}

/// Yes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// The app's uuid, by which its repository is kept: a name may come to mean another app.
    pub app: Uuid,
    /// Username.
    pub username: String,
}

/// The lock on pushes to an app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// The app.
    pub app: Uuid,
    /// The push that holds it: a new uuid for each.
    pub holder: Uuid,
}

/// What is to be built, beside the source itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartBuild {
    /// The app.
    pub app: Uuid,
    /// Holder of the app's push lock.
    pub holder: Uuid,
    /// The key that signed, as in [`KeyQuestion`]: the right is looked at once more.
    pub public: String,
    /// The whole object id of the commit, 40 or 64 hexadecimal digits.
    pub sha: String,
    /// The root of the source has a `Dockerfile`.
    pub dockerfile: bool,
    /// The root of the source has a `Procfile`.
    pub procfile: bool,
}

/// The build is in the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// Its public identity, as `builds` shows it.
    pub build: Uuid,
}

/// What happens to a push, one JSON object a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum PushEvent {
    /// It waits for others; sent when the number changes.
    Queued {
        /// Builds before it, those that run included.
        ahead: u64,
    },
    /// What the build wrote: any number of whole lines, or the last one without its end.
    Log {
        /// The text.
        text: String,
        /// Offset behind the text in the build's log.
        next: u64,
    },
    /// The image is there; its release is being rolled out.
    Built,
    /// Nothing happened for [`HEARTBEAT_SECS`].
    Heartbeat,
    /// The release runs. Always the last line of a push that succeeded.
    Done {
        /// Name of the app.
        app: String,
        /// Number of its release.
        version: u32,
        /// Where it answers; empty when it has no domain.
        url: String,
    },
    /// There is no new release, or it failed and all is as before. Always the last line of such a push.
    Failed {
        /// Why, for the pusher; may have several lines.
        reason: String,
    },
}
