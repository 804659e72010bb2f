//! The key of a builder that is not ours: it speaks for all users, so it is kept as a hash and compared in constant time.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Whether `given` is the key that `wanted` is the SHA-256 of. Where none is wanted, none is right.
#[must_use]
pub fn is_right(wanted: Option<&[u8; 32]>, given: Option<&[u8]>) -> bool {
    match (wanted, given) {
        (Some(wanted), Some(given)) => wanted.as_slice().ct_eq(Sha256::digest(given).as_slice()).into(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_right;
    use crate::auth::token::sha256;

    #[test]
    fn only_the_right_key_is_right() {
        let wanted = sha256("key");
        assert!(is_right(Some(&wanted), Some(b"key")));
        for (wanted, given) in
            [(Some(&wanted), None), (Some(&wanted), Some(b"kez".as_slice())), (None, Some(b"key")), (None, None)]
        {
            assert!(!is_right(wanted, given));
        }
    }
}
