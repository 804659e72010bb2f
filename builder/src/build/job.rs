//! What is to be done in a sandbox.

use std::{collections::BTreeMap, fmt};

use api::sandbox::BuildKind;
use serde::{Deserialize, Serialize};

/// One job a sandbox.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Job {
    /// Make an image from a source.
    Build(Box<BuildJob>),
    /// Push the image that was made.
    Push(PushJob),
    /// Make a stack image.
    Stack(StackJob),
}

/// Make an image from the source in [`super::layout::SOURCE`], under the name [`super::layout::IMAGE`].
#[derive(Clone, Serialize, Deserialize)]
pub struct BuildJob {
    /// How.
    pub kind: BuildKind,
    /// The commit, whole.
    pub sha: String,
    /// Identity of the build, for buildpacks that ask.
    pub request: String,
    /// The app's config values; secrets among them.
    pub env: BTreeMap<String, String>,
    /// Proxy settings of the machine, which may have a password.
    pub proxy: BTreeMap<String, String>,
    /// The image in which buildpacks run.
    pub stack: String,
}

/// Push the image.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PushJob {
    /// Its name in the stores.
    pub image: String,
    /// `<host>:<port>/<repository>` as the sandbox reaches it.
    pub target: String,
}

/// Make a stack image.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StackJob {
    /// Its name.
    pub name: String,
    /// What from.
    pub source: StackSource,
}

/// What a stack image is made from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum StackSource {
    /// A root file system in [`super::layout::SOURCE`].
    Tar,
    /// An image of a registry.
    Image {
        /// Its reference.
        reference: String,
    },
    /// Nothing is made; the images are listed.
    List,
    /// Nothing is made; the image of that name goes.
    Remove,
}

/// Config values that the platform itself heeds.
impl BuildJob {
    /// Is this one set, to whatever?
    #[must_use]
    pub fn is_set(&self, key: &str) -> bool {
        self.env.contains_key(key)
    }

    /// A value that is not empty.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&str> {
        self.env.get(key).map(|value| value.trim()).filter(|value| !value.is_empty())
    }
}

impl fmt::Debug for BuildJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BuildJob").field("kind", &self.kind).field("sha", &self.sha).finish_non_exhaustive()
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Build(job) => job.fmt(f),
            Self::Push(job) => job.fmt(f),
            Self::Stack(job) => job.fmt(f),
        }
    }
}
