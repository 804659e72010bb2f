//! Passwords: argon2id, off the async threads, and the same time for a user who does not exist.

use std::sync::OnceLock;

use anyhow::{Context, anyhow};
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::{sync::Semaphore, task::spawn_blocking};
use zeroize::Zeroizing;

use crate::error::Error;

/// KiB of memory a hash takes; with [`PASSES`] the first choice of the OWASP password storage guide.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Hashes at a time: more would only take memory from each other.
static TURNS: Semaphore = Semaphore::const_new(2);
/// What the passwords of unknown users are compared with.
static NOBODY: OnceLock<String> = OnceLock::new();

/// The PHC string to store for a password.
pub async fn hash(password: &str) -> Result<String, Error> {
    let password = Zeroizing::new(password.to_owned());
    in_turn(move || hash_now(&password)).await
}

/// Whether `password` is the one that `stored` was made from. Takes the same time when there is no such user.
pub async fn verify(password: &str, stored: Option<String>) -> Result<bool, Error> {
    let password = Zeroizing::new(password.to_owned());
    in_turn(move || verify_now(&password, stored.as_deref())).await
}

async fn in_turn<T: Send + 'static>(work: impl FnOnce() -> anyhow::Result<T> + Send + 'static) -> Result<T, Error> {
    let _turn = TURNS.acquire().await.context("the semaphore of password hashes is closed")?;
    Ok(spawn_blocking(work).await.context("hashing a password panicked")??)
}

fn hash_now(password: &str) -> anyhow::Result<String> {
    let hash = argon2()?.hash_password(password.as_bytes()).map_err(|error| anyhow!("hashing a password: {error}"))?;
    Ok(hash.to_string())
}

fn verify_now(password: &str, stored: Option<&str>) -> anyhow::Result<bool> {
    let Some(stored) = stored else {
        let nobody = NOBODY.get_or_init(|| hash_now("").unwrap_or_default());
        let _ = argon2()?.verify_password(password.as_bytes(), nobody.as_str());
        return Ok(false);
    };
    Ok(argon2()?.verify_password(password.as_bytes(), stored).is_ok())
}

fn argon2() -> anyhow::Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| anyhow!("argon2: {error}"))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::{hash, verify};

    #[tokio::test]
    async fn only_the_right_password_is_right() {
        let stored = hash("opensesame").await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(verify("opensesame", Some(stored.clone())).await.unwrap());
        assert!(!verify("opensesam", Some(stored)).await.unwrap());
    }

    #[tokio::test]
    async fn nobody_has_no_password() {
        assert!(!verify("", None).await.unwrap());
    }
}
