//! The number of a release as users type it.

use crate::report::Failure;

/// Reads `v3` or `3`.
pub fn parse(text: &str) -> Result<u32, Failure> {
    let number = text.strip_prefix('v').unwrap_or(text);
    let digits = number.bytes().all(|b| b.is_ascii_digit());
    number.parse().ok().filter(|_| digits).ok_or_else(|| Failure::new(format!("{text} is not in the form 'v#'")))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn both_forms() {
        assert_eq!(parse("v12").unwrap(), 12);
        assert_eq!(parse("12").unwrap(), 12);
        for bad in ["", "v", "v-1", "-1", "+1", "vv1", "1.0", "v99999999999"] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
