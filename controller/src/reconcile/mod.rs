//! Makes what runs be what should run: reads *desired* (rows) and *observed* (platform), computes a *plan* (pure), and
//! *applies* it.
//!
//! One look and one round of steps at a time ([`tick`]). It keeps nothing in memory between two of them: killed
//! at any instant, the next one computes the same from what it finds.

mod apply;
mod desired;
mod images;
mod names;
mod network;
mod plan;
mod rollout;
mod routing;

#[cfg(test)]
pub(crate) use self::apply::write_routes_late;
pub use apply::{TickError, tick};
pub use images::{discard_image, expire_images};
pub use names::suffix;
pub use network::free_address;
pub use plan::Progress;
pub use rollout::Failure;
