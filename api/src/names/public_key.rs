//! SSH public keys, in the one-line form that OpenSSH writes into `.pub` files.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use super::InvalidName;

/// A public key that can be logged in with: its type, its blob as it travels over the wire, and perhaps a comment.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey {
    /// `<type> <blob>[ <comment>]`, one space between each.
    text: String,
    /// Where the comment's space is, or the end.
    bare: usize,
    blob: Vec<u8>,
}

const BAD_BASE64: &str = "Key contains invalid base64 chars";
const MISMATCH: &str = "This is not a public key: its type and its content do not belong together.";
/// Bytes of an ed25519 key.
const ED25519: usize = 32;
/// Shorter RSA keys are within reach of who wants to break them.
const RSA_BITS: usize = 2048;
const MAX_RSA_BITS: usize = 16_384;

impl PublicKey {
    /// Longest text: a key of 16,384 bits and a long comment.
    pub const MAX: usize = 8192;

    /// The only way to a `PublicKey`. Space around the key, as every file of one ends with, is no part of it; a line
    /// break in it is.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidName::new("This field may not be blank."));
        }
        if text.contains("PRIVATE KEY") {
            return Err(InvalidName::new(
                "This is a private key. Send the public one, from the file that ends with .pub.",
            ));
        }
        if text.len() > Self::MAX {
            return Err(InvalidName::new(format!("Ensure this field has no more than {} characters.", Self::MAX)));
        }
        if text.chars().any(|c| c.is_control() && c != '\t') {
            return Err(InvalidName::new("A public key is one line without control characters."));
        }
        let (kind, rest) = word(text);
        let (encoded, comment) = word(rest);
        let blob = STANDARD.decode(encoded).map_err(|_| InvalidName::new(BAD_BASE64))?;
        if blob.is_empty() {
            return Err(InvalidName::new(BAD_BASE64));
        }
        check(kind, &blob)?;
        let bare = format!("{kind} {encoded}");
        let length = bare.len();
        let text = if comment.is_empty() { bare } else { format!("{bare} {comment}") };
        Ok(Self { text, bare: length, blob })
    }

    /// The whole line.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The line without its comment: what two texts of one key have in common.
    #[must_use]
    pub fn without_comment(&self) -> &str {
        &self.text[..self.bare]
    }

    /// What stands behind the key, mostly `user@machine`; may be empty.
    #[must_use]
    pub fn comment(&self) -> &str {
        self.text[self.bare..].trim_start()
    }

    /// The key as it travels over the wire, of which fingerprints are made.
    #[must_use]
    pub fn blob(&self) -> &[u8] {
        &self.blob
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PublicKey").field(&self.text).finish()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl std::str::FromStr for PublicKey {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::parse(text)
    }
}

impl TryFrom<String> for PublicKey {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::parse(&text)
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.text
    }
}

/// The first word and what follows it.
fn word(text: &str) -> (&str, &str) {
    let (first, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
    (first, rest.trim())
}

/// Refuses a blob that is not a key of the type that stands before it, and types that nobody can log in with.
fn check(kind: &str, blob: &[u8]) -> Result<(), InvalidName> {
    let mut fields = Fields(blob);
    let mismatch = || InvalidName::new(MISMATCH);
    if fields.next() != Some(kind.as_bytes()) {
        return Err(mismatch());
    }
    let fits = match kind {
        "ssh-rsa" => return check_rsa(fields),
        "ssh-ed25519" => fields.has_ed25519(),
        "sk-ssh-ed25519@openssh.com" => fields.has_ed25519() && fields.has_application(),
        "ecdsa-sha2-nistp256" => fields.has_point("nistp256", 32),
        "ecdsa-sha2-nistp384" => fields.has_point("nistp384", 48),
        "ecdsa-sha2-nistp521" => fields.has_point("nistp521", 66),
        "sk-ecdsa-sha2-nistp256@openssh.com" => fields.has_point("nistp256", 32) && fields.has_application(),
        // Neither servers nor clients of today take them: such a key would be refused at every push.
        "ssh-dss" => {
            return Err(InvalidName::new("DSA keys are not safe any more. Make a new one: ssh-keygen -t ed25519"));
        }
        _ => {
            return Err(InvalidName::new(format!(
                "Keys of the type {kind} are not supported. Make one that is: ssh-keygen -t ed25519"
            )));
        }
    };
    if fits && fields.0.is_empty() { Ok(()) } else { Err(mismatch()) }
}

fn check_rsa(mut fields: Fields<'_>) -> Result<(), InvalidName> {
    let (exponent, modulus) = (fields.number(), fields.number());
    let (Some(_), Some(modulus), true) = (exponent, modulus, fields.0.is_empty()) else {
        return Err(InvalidName::new(MISMATCH));
    };
    let bits = bits(modulus);
    if bits > MAX_RSA_BITS {
        return Err(InvalidName::new(format!("RSA keys have at most {MAX_RSA_BITS} bits here, this one has {bits}.")));
    }
    if bits < RSA_BITS {
        return Err(InvalidName::new(format!(
            "RSA keys need at least {RSA_BITS} bits, this one has {bits}. Make a new one: ssh-keygen -t ed25519"
        )));
    }
    Ok(())
}

/// Bits of a positive number.
fn bits(number: &[u8]) -> usize {
    let digits = number.strip_prefix(&[0]).unwrap_or(number);
    digits.len() * 8 - digits.first().map_or(0, |byte| byte.leading_zeros() as usize)
}

/// The fields of a blob: each a length of four bytes and as many bytes.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk::<4>()?;
        let (field, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        self.0 = rest;
        Some(field)
    }

    /// A positive number in the one way that it is written: no zero in front but to keep the sign.
    fn number(&mut self) -> Option<&'a [u8]> {
        self.next().filter(|number| match number {
            [0, second, ..] => *second >= 0x80,
            [first, ..] => (1..0x80).contains(first),
            [] => false,
        })
    }

    fn has_ed25519(&mut self) -> bool {
        self.next().is_some_and(|key| key.len() == ED25519)
    }

    /// A point on the curve of that name, uncompressed: a mark and two coordinates.
    fn has_point(&mut self, curve: &str, coordinate: usize) -> bool {
        self.next() == Some(curve.as_bytes())
            && self.next().is_some_and(|point| point.len() == 1 + 2 * coordinate && point[0] == 4)
    }

    /// What a security key was asked to make the key for.
    fn has_application(&mut self) -> bool {
        self.next().is_some_and(|application| !application.is_empty())
    }
}

#[cfg(test)]
mod tests;
