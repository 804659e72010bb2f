//! Changes of apps. Those that make a release wait in a queue, one after another ([`submit`]), and [`release`] is the one
//! way a release comes to be; the others are short transactions ([`scale`], [`restart`], [`rename`],
//! [`destroy`], [`transfer`]).
//!
//! Nothing here calls the platform: rows are written, and the reconciler makes them true.

mod announce;
pub mod create;
pub mod destroy;
pub mod formation;
mod merge;
mod patch;
mod port;
pub mod release;
pub mod rename;
pub mod restart;
pub mod scale;
pub mod submit;
mod summary;
pub mod transfer;
mod validate;

pub use create::create_app;
pub use destroy::destroy;
pub use merge::healthcheck_of;
pub use patch::{BuildPatch, Built, Patch};
pub use rename::rename;
pub use restart::{Selection, restart};
pub use scale::{rescale, scale};
pub use submit::{submit, submit_in, wait};
pub use transfer::transfer;

/// Who asks for a change.
#[derive(Clone, Debug)]
pub struct Actor {
    /// Joins.
    pub user_id: i64,
    /// Appears in summaries and log lines.
    pub username: String,
}
