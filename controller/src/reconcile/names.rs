//! Names of instances and runs.

use api::names::{PlatformName, ProcessType};
use rand::Rng;
use uuid::Uuid;

const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// Five random characters of `a-z0-9`, by which instances of a type are told apart.
#[must_use]
pub fn suffix() -> String {
    let mut rng = rand::rng();
    (0..5).map(|_| char::from(ALPHABET[rng.random_range(0..ALPHABET.len())])).collect()
}

/// `<platform name>-<type>-<8 hex of the release>-<5>`: the form that Deis's `ps:restart` takes apart.
#[must_use]
pub fn instance(app: &PlatformName, process_type: &ProcessType, release: Uuid) -> String {
    // The end of a v7 uuid: its beginning is the time and the same for releases of one minute.
    let hex = release.simple().to_string();
    format!("{app}-{process_type}-{}-{}", &hex[hex.len() - 8..], suffix())
}
