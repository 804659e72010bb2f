//! Where everything lies in a sandbox; who makes the sandbox puts it there.

/// Working folder: writable, empty at first, gone afterwards.
pub const WORK: &str = "/work";
/// The source, read-only.
pub const SOURCE: &str = "/source.tar";
/// The app's own store of images, kept from build to build.
pub const STORE: &str = "/store";
/// The shared store of stack images, read-only.
pub const STACKS: &str = "/stacks";
/// The app's own cache, kept from build to build.
pub const CACHE: &str = "/cache";
/// Buildpacks of the operator, read-only; may be missing.
pub const BUILDPACKS: &str = "/buildpacks";
/// What was made, as JSON ([`super::Made`]).
pub const OUTCOME: &str = "/work/outcome.json";
/// The digest that a registry gave the pushed image.
pub const DIGEST: &str = "/work/digest";
/// Name of the image that is made.
pub const IMAGE: &str = "localhost/slipway-build:latest";

/// The source, unpacked.
pub(super) const TREE: &str = "/work/tree";
/// What must never reach a disk: on a file system in memory.
pub(super) const SECRETS: &str = "/tmp/slipway";
/// `buildah` shows the sandbox's own /dev, read-only, to what it runs. What lies here leaves no trace in an image.
pub(super) const SHARED: &str = "/dev/slipway";
