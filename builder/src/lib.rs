//! The builder: turns a `git push` over SSH into a source that the controller can have built, and a source into an image.
//!
//! It knows no user and keeps nothing that matters: keys and rights are the controller's to judge, and an empty builder
//! only means that the next push sends everything.

pub mod build;
pub mod host_keys;
