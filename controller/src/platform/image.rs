//! Images: how one is asked for, and what it turns out to be.

use api::names::ImageName;

use super::AppRef;

/// An image as a user asks for it.
#[derive(Clone, Debug)]
pub struct ImageRequest {
    /// For which app: what is kept is kept for it.
    pub app: AppRef,
    /// As the user named it.
    pub image: ImageName,
    /// The app's own login; an image that came from a registry is used only after the registry has said yes to it.
    pub login: Option<RegistryLogin>,
    /// Where a build of ours put it: exactly this is fetched, as ourselves, and `image` is only what it is called.
    pub built: Option<String>,
}

/// A registry login.
#[derive(Clone)]
pub struct RegistryLogin {
    /// Who.
    pub username: String,
    /// The secret.
    pub password: String,
    /// Which registry; the image's when absent.
    pub hostname: Option<String>,
}

impl std::fmt::Debug for RegistryLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegistryLogin").field("username", &self.username).finish_non_exhaustive()
    }
}

/// What an image is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedImage {
    /// Exact: `repository@sha256:...`, or the engine's id where no registry knows the image.
    pub reference: String,
    /// Ports it exposes, in the order of their numbers.
    pub ports: Vec<u16>,
}
