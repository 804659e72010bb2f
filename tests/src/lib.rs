//! What the end-to-end tests and the tests over our own sources share.

pub mod container;
pub mod controllers;
pub mod disk;
pub mod dockerd;
pub mod edition;
pub mod engine;
pub mod git;
pub mod image;
pub mod instance;
pub mod load;
pub mod machine;
pub mod mischief;
pub mod outside;
pub mod program;
pub mod registry;
pub mod router;
pub mod routes;
pub mod snapshot;
pub mod sources;
pub mod standalone;
pub mod terminal;
pub mod transcript;
pub mod user;
pub mod wait;

/// True when guarantees are to be shown at their full size: `scripts/prove` says so.
#[must_use]
pub fn prove() -> bool {
    std::env::var_os("SLIPWAY_PROVE").is_some()
}

/// Which of the tests that run now this one is: what the machine has but once is cut into as many parts.
#[must_use]
pub fn slot() -> u8 {
    std::env::var("NEXTEST_TEST_GLOBAL_SLOT").ok().and_then(|slot| slot.parse().ok()).unwrap_or_default()
}

/// Says what happens, for whoever has to find out why a test failed; `scripts/prove` always shows it.
#[expect(clippy::print_stdout, reason = "the runner keeps it until the test fails")]
pub fn tell(what: &str) {
    println!("{what}");
}
