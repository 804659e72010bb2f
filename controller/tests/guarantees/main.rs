//! What the controller promises, attacked: steps that fail or are the last of their controller, many clients at once, two
//! controllers on one database, migrations that are cut off.
//!
//! Each guarantee has one implementation and two sizes: a sample here, and the full one of `scripts/prove`.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "all of this is test, helpers included"
)]

mod changes;
mod concurrency;
mod controller;
mod fence;
mod lanes;
mod mischief;
mod site;
mod slate;
mod steps;
mod two;

/// True when guarantees are to be shown at their full size: `scripts/prove` says so.
fn prove() -> bool {
    std::env::var_os("SLIPWAY_PROVE").is_some()
}
