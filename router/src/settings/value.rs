//! How values are written: Deis's ways, which were those of nginx.

use std::{net::IpAddr, time::Duration};

use ipnet::IpNet;

/// `true` or `false`, in any case.
pub(super) fn switch(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// A number and its unit: `ms`, `s`, `m`, `h`, `d`, `w`, `M` (30 days), `y` (365 days); without one, seconds.
pub(super) fn time(text: &str) -> Option<Duration> {
    let (number, unit) = parts(text)?;
    let seconds = match unit {
        "ms" => return Some(Duration::from_millis(number)),
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        "M" => 30 * 86_400,
        "y" => 365 * 86_400,
        _ => return None,
    };
    number.checked_mul(seconds).map(Duration::from_secs)
}

/// A time that is not zero: nothing can be waited for in none.
pub(super) fn patience(text: &str) -> Option<Duration> {
    time(text).filter(|time| !time.is_zero())
}

/// A number of bytes, of `k` or of `m`.
pub(super) fn size(text: &str) -> Option<u64> {
    let (number, unit) = parts(text)?;
    let bytes = match unit {
        "" => 1,
        "k" | "K" => 1024,
        "m" | "M" => 1024 * 1024,
        _ => return None,
    };
    number.checked_mul(bytes)
}

/// A number that is not zero.
pub(super) fn count(text: &str) -> Option<usize> {
    let (number, "") = parts(text)? else { return None };
    usize::try_from(number).ok().filter(|number| *number > 0)
}

/// Addresses and networks, with commas between them; `none` is none.
pub(super) fn networks(text: &str) -> Option<Vec<IpNet>> {
    if text == "none" {
        return Some(Vec::new());
    }
    let one = |text: &str| text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    text.split(',').map(|text| one(text.trim())).collect()
}

fn parts(text: &str) -> Option<(u64, &str)> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    Some((number.parse().ok()?, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, millis) in [("500ms", 500), ("5", 5000), ("1300s", 1_300_000), ("2M", 5_184_000_000)] {
            assert_eq!(time(text).map(|time| time.as_millis()), Some(millis), "{text}");
        }
        for text in ["", "s", "-1s", "1 s", "1.5s", "1S", "99999999999999999999s", "9999999999999999999y"] {
            assert_eq!(time(text), None, "{text}");
        }
        assert_eq!(patience("0s"), None);
    }

    #[test]
    fn sizes_and_counts() {
        assert_eq!((size("0"), size("10m"), size("4K")), (Some(0), Some(10_485_760), Some(4096)));
        assert_eq!((size("1g"), size("m"), count("0"), count("5k"), count("5")), (None, None, None, None, Some(5)));
    }

    #[test]
    fn lists_of_networks() {
        let list = |text| networks(text).map(|list| list.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(
            list("10.0.0.0/8, 192.0.2.7,2001:db8::/32").unwrap(),
            ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32"]
        );
        assert_eq!(list("none").unwrap(), [""; 0]);
        assert_eq!((list(""), list("10.0.0.0/33"), list("a"), list("10.0.0.1,")), (None, None, None, None));
    }
}
