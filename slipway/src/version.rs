//! What this program says it is, and what another one says.

/// Name and number in one piece, as `--version` prints them.
const SELF: &str = concat!("slipway ", env!("CARGO_PKG_VERSION"));

/// The number of this program's version.
pub fn own() -> &'static str {
    of(SELF).unwrap_or(SELF)
}

/// The number in what a program prints that is asked for its `--version`; nothing when it is no slipway.
pub fn of(printed: &str) -> Option<&str> {
    let number = printed.trim_end().strip_prefix("slipway ")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-+".contains(c);
    (number.starts_with(|c: char| c.is_ascii_digit()) && number.chars().all(plain)).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_slipway_has_a_number() {
        assert_eq!(own(), env!("CARGO_PKG_VERSION"));
        assert_eq!(of("slipway 1.2.3-rc.1+a\n"), Some("1.2.3-rc.1+a"));
        for printed in ["", "slipway", "slipway \n", "slipway x", "slipway 1 2", "env (GNU coreutils) 9.1"] {
            assert_eq!(of(printed), None, "{printed}");
        }
    }
}
