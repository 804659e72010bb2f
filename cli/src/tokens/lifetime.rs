//! How long something is good, as users type it.

/// Seconds of `30m`, `12h`, `90d` or `52w`.
pub fn parse(text: &str) -> Result<i64, String> {
    let wrong = || format!("{text:?} is not in the form '90d': a number, then m, h, d or w");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds = match unit {
        'm' => 60,
        'h' => 3600,
        'd' => 24 * 3600,
        'w' => 7 * 24 * 3600,
        _ => return Err(wrong()),
    };
    let number = text.strip_suffix(unit).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    let number: i64 = number.and_then(|digits| digits.parse().ok()).filter(|number| *number > 0).ok_or_else(wrong)?;
    number.checked_mul(seconds).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn all_units() {
        for (text, seconds) in [("30m", 1800), ("12h", 43_200), ("90d", 7_776_000), ("52w", 31_449_600)] {
            assert_eq!(parse(text).unwrap(), seconds);
        }
        for bad in ["", "d", "90", "-1d", "+1d", "0d", "1.5d", "1y", "ä", "1ä", "9223372036854775807w"] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
