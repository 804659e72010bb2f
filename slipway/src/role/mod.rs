//! The parts of the platform as this binary runs them: options and files become a configuration, inherited sockets
//! become listeners.

mod builder;
mod controller;
mod defaults;
mod hooks;
mod pushes;
mod router;
mod ssh;

use std::path::Path;

use anyhow::{Context, Result};

pub use self::{
    builder::{BuilderOptions, run as run_builder},
    controller::{ControllerOptions, run as run_controller},
    defaults::{Defaults, memory},
    hooks::{HookOptions, hook_environment},
    pushes::PushLimits,
    router::{RouterOptions, run as run_router},
};

/// The names under which the API answers: ours, and the original's for its clients.
const API_LABELS: [&str; 2] = ["slipway", "deis"];

/// Reads 32 bytes that a file has as 64 hexadecimal digits.
fn read_hex(path: &Path) -> Result<[u8; 32]> {
    let text = read(path)?;
    let mut bytes = [0; 32];
    // The error would repeat a digit of what may be a key.
    hex::decode_to_slice(text.trim(), &mut bytes)
        .ok()
        .with_context(|| format!("{} does not hold 64 hexadecimal digits", path.display()))?;
    Ok(bytes)
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_key_is_told_without_showing_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("router.key");
        std::fs::write(&path, format!("{}\n", "0a".repeat(32))).unwrap();
        assert_eq!(read_hex(&path).unwrap(), [10; 32]);
        std::fs::write(&path, "secret!").unwrap();
        let error = format!("{:#}", read_hex(&path).unwrap_err());
        assert!(error.ends_with("does not hold 64 hexadecimal digits"), "{error}");
    }
}
