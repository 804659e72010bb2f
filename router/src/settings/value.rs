//! How values are written: Deis's ways, which were those of nginx.

use std::{net::IpAddr, time::Duration};

pub(super) use api::treatment::{switch, time};
use ipnet::IpNet;

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
    fn sizes_counts_and_patience() {
        assert_eq!((size("0"), size("10m"), size("4K")), (Some(0), Some(10_485_760), Some(4096)));
        assert_eq!((patience("1s"), patience("0s")), (Some(Duration::from_secs(1)), None));
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
