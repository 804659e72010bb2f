//! Dates of certificates, as Deis wrote them.

use api::time::Timestamp;
use chrono::{DateTime, Utc};

/// `2 Jan 2006`.
pub fn short(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "unknown".to_owned(), |at| at.0.format("%-d %b %Y").to_string())
}

/// The same, and how far away from `now` it is.
pub fn with_distance(at: Option<Timestamp>, now: DateTime<Utc>) -> String {
    match at {
        Some(at) if at.0 <= now => format!("{} (expired)", short(Some(at))),
        Some(at) => format!("{} (in {})", short(Some(at)), distance((at.0 - now).num_days())),
        None => short(None),
    }
}

fn distance(days: i64) -> String {
    let counted = |count: i64, unit: &str| format!("{count} {unit}{}", if count == 1 { "" } else { "s" });
    match days {
        365.. => counted(days / 365, "year"),
        30.. => counted(days / 30, "month"),
        days => counted(days, "day"),
    }
}

#[cfg(test)]
mod tests {
    use api::time::Timestamp;
    use chrono::{DateTime, Utc};

    use super::with_distance;

    #[test]
    fn how_long_it_lives() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let now = at("2026-11-27T12:00:00Z");
        for (expires, shown) in [
            ("2017-12-31T00:00:00Z", "31 Dec 2017 (expired)"),
            ("2026-11-27T12:00:00Z", "27 Nov 2026 (expired)"),
            ("2026-11-28T11:00:00Z", "28 Nov 2026 (in 0 days)"),
            ("2026-11-29T11:00:00Z", "29 Nov 2026 (in 1 day)"),
            ("2027-01-01T00:00:00Z", "1 Jan 2027 (in 1 month)"),
            ("2027-02-27T00:00:00Z", "27 Feb 2027 (in 3 months)"),
            ("2027-11-28T00:00:00Z", "28 Nov 2027 (in 1 year)"),
            ("2036-11-28T00:00:00Z", "28 Nov 2036 (in 10 years)"),
        ] {
            assert_eq!(with_distance(Some(Timestamp(at(expires))), now), shown);
        }
        assert_eq!(with_distance(None, now), "unknown");
    }
}
