//! Passwords: argon2id, off the async threads, and the same time for a user who does not exist.
//!
//! A hash needs 19 MiB for a moment. These are kept and used again: given back to the allocator, each thread that ever
//! hashed would keep some of them.

use std::sync::{Mutex, OnceLock, PoisonError};

use anyhow::{Context, anyhow};
use argon2::{
    ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use tokio::{sync::Semaphore, task::spawn_blocking};
use zeroize::Zeroizing;

use crate::error::Error;

/// KiB of memory a hash takes; with [`PASSES`] the first choice of the OWASP password storage guide.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Hashes at a time: more would only take memory from each other.
static TURNS: Semaphore = Semaphore::const_new(2);
/// Memory that no hash is using; one piece a turn at most.
static MEMORY: Mutex<Vec<Vec<Block>>> = Mutex::new(Vec::new());
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
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| anyhow!("argon2: {error}"))?;
    let salt = Salt::generate();
    let hash = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).map_err(|error| anyhow!("the parameters of argon2: {error}"))?,
        salt: Some(salt),
        hash: Some(output(params, password, &salt)?),
    };
    Ok(hash.to_string())
}

fn verify_now(password: &str, stored: Option<&str>) -> anyhow::Result<bool> {
    let Some(stored) = stored else {
        let nobody = NOBODY.get_or_init(|| hash_now("").unwrap_or_default());
        let _ = matches(password, nobody)?;
        return Ok(false);
    };
    matches(password, stored)
}

fn matches(password: &str, stored: &str) -> anyhow::Result<bool> {
    let stored = PasswordHash::new(stored).map_err(|error| anyhow!("a stored password hash: {error}"))?;
    let params = Params::try_from(&stored).map_err(|error| anyhow!("a stored password hash: {error}"))?;
    let salt = stored.salt.context("a stored password hash has no salt")?;
    // Compared in constant time.
    Ok(stored.algorithm == ARGON2ID_IDENT && stored.hash == Some(output(params, password, &salt)?))
}

fn output(params: Params, password: &str, salt: &[u8]) -> anyhow::Result<Output> {
    let free = || MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
    let mut memory = free().pop().unwrap_or_default();
    memory.resize(params.block_count(), Block::default());
    let mut bytes = [0; Params::DEFAULT_OUTPUT_LEN];
    let hashed = Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into_with_memory(
        password.as_bytes(),
        salt,
        &mut bytes,
        &mut memory,
    );
    free().push(memory);
    hashed.map_err(|error| anyhow!("hashing a password: {error}"))?;
    Output::new(&bytes).map_err(|error| anyhow!("hashing a password: {error}"))
}

#[cfg(test)]
mod tests {
    use super::{MEMORY, hash, verify};

    #[tokio::test]
    async fn only_the_right_password_is_right() {
        let stored = hash("opensesame").await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(verify("opensesame", Some(stored.clone())).await.unwrap());
        assert!(!verify("opensesam", Some(stored)).await.unwrap());
    }

    #[tokio::test]
    async fn what_another_implementation_made_is_right() {
        let stored =
            "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$/uFAnrHjP3wKLnOEf785eRwlp8no5HBa8TcqNeJfbD8";
        assert!(verify("opensesame", Some(stored.to_owned())).await.unwrap());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn many_hashes_need_the_memory_of_two() {
        let hashes: Vec<_> = (0..6).map(|n| tokio::spawn(async move { hash(&n.to_string()).await.unwrap() })).collect();
        for hash in hashes {
            hash.await.unwrap();
        }
        let kept = MEMORY.lock().unwrap().len();
        assert!((1..=2).contains(&kept), "{kept}");
    }

    #[tokio::test]
    async fn nobody_has_no_password() {
        assert!(!verify("", None).await.unwrap());
    }
}
