//! How the router treats the requests of one app, where not as those of all: what Deis's router read from annotations of the
//! app's Service (`router.deis.io/<name>`), by the same names and in the same words.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The names, in their order.
pub const TREATMENTS: [&str; 4] = [CONNECT_TIMEOUT, DISABLE_REQUEST_START, REFERRER_POLICY, TCP_TIMEOUT];

/// The policies that there are: <https://www.w3.org/TR/referrer-policy/#referrer-policies>.
pub const REFERRER_POLICIES: [&str; 8] = [
    "no-referrer",
    "no-referrer-when-downgrade",
    "same-origin",
    "origin",
    "strict-origin",
    "origin-when-cross-origin",
    "strict-origin-when-cross-origin",
    "unsafe-url",
];

const CONNECT_TIMEOUT: &str = "connectTimeout";
const TCP_TIMEOUT: &str = "tcpTimeout";
const REFERRER_POLICY: &str = "referrerPolicy";
const DISABLE_REQUEST_START: &str = "disableRequestStartHeader";

/// Longest time that an instance may be given to accept a connection.
const LONGEST_CONNECT: Duration = Duration::from_mins(5);
/// Longest time that an instance may be given between two bytes.
const LONGEST_SILENCE: Duration = Duration::from_hours(24);
/// What says that there is to be no policy.
const NONE: &str = "none";

/// See the module. What is none is as for all apps. Routers of before know nothing of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Treatment {
    #[serde(rename = "connect_timeout_ms", skip_serializing_if = "Option::is_none")]
    connect: Option<u64>,
    #[serde(rename = "timeout_ms", skip_serializing_if = "Option::is_none")]
    silence: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    referrer_policy: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    no_request_start: bool,
}

/// What answers that have no `Referrer-Policy` of their own say of referrers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Referrers<T> {
    /// As answers of all apps.
    #[default]
    AsAll,
    /// Nothing.
    Nothing,
    /// This policy.
    Policy(T),
}

/// Why a treatment is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTreatment {
    /// There is none of this name.
    #[error("{0} is not known; there are {list}", list = TREATMENTS.join(", "))]
    Unknown(String),
    /// It does not take this value.
    #[error("{name} cannot be {value:?}: it takes {takes}")]
    Value {
        /// Its name.
        name: &'static str,
        /// What was said.
        value: String,
        /// What can be said.
        takes: &'static str,
    },
}

impl Treatment {
    /// What these names and values say together.
    pub fn parse<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, InvalidTreatment> {
        let mut treatment = Self::default();
        for (name, value) in pairs {
            treatment.set(name, value)?;
        }
        Ok(treatment)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), InvalidTreatment> {
        let (name, takes, set) = match name {
            CONNECT_TIMEOUT => {
                let time = bounded(value, LONGEST_CONNECT).map(|time| self.connect = Some(time));
                (CONNECT_TIMEOUT, "a time of up to 5 minutes, such as 500ms or 10s", time)
            }
            TCP_TIMEOUT => {
                let time = bounded(value, LONGEST_SILENCE).map(|time| self.silence = Some(time));
                (TCP_TIMEOUT, "a time of up to a day, such as 30s, 20m or 1h", time)
            }
            REFERRER_POLICY => {
                let known = value == NONE || REFERRER_POLICIES.contains(&value);
                let policy = known.then(|| self.referrer_policy = Some(value.to_owned()));
                (REFERRER_POLICY, "a policy of the W3C, such as same-origin, or none", policy)
            }
            DISABLE_REQUEST_START => {
                let switch = switch(value).map(|disabled| self.no_request_start = disabled);
                (DISABLE_REQUEST_START, "true or false", switch)
            }
            other => return Err(InvalidTreatment::Unknown(other.to_owned())),
        };
        set.ok_or_else(|| InvalidTreatment::Value { name, value: value.to_owned(), takes })
    }

    /// True when it is as for all apps.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// How long an instance may take to accept a connection.
    #[must_use]
    pub fn connect_timeout(&self) -> Option<Duration> {
        self.connect.map(Duration::from_millis)
    }

    /// How long an instance may be silent while it owes an answer, and both ends of a websocket.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        self.silence.map(Duration::from_millis)
    }

    /// What answers that say nothing of it say of referrers.
    #[must_use]
    pub fn referrers(&self) -> Referrers<&str> {
        match self.referrer_policy.as_deref() {
            None => Referrers::AsAll,
            Some(NONE) => Referrers::Nothing,
            Some(policy) => Referrers::Policy(policy),
        }
    }

    /// It is not told when its requests came.
    #[must_use]
    pub fn no_request_start(&self) -> bool {
        self.no_request_start
    }
}

/// Milliseconds of a time that is neither zero nor too long.
fn bounded(text: &str, longest: Duration) -> Option<u64> {
    let time = time(text).filter(|time| !time.is_zero() && *time <= longest)?;
    u64::try_from(time.as_millis()).ok()
}

/// `true` or `false`, in any case.
#[must_use]
pub fn switch(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// A number and its unit: `ms`, `s`, `m`, `h`, `d`, `w`, `M` (30 days), `y` (365 days); without one, seconds. So nginx, and
/// therefore Deis, had times.
#[must_use]
pub fn time(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let number: u64 = number.parse().ok()?;
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
    }

    #[test]
    fn deis_s_annotations_mean_what_they_meant() {
        let pairs = [
            ("connectTimeout", "10s"),
            ("tcpTimeout", "20m"),
            ("referrerPolicy", "same-origin"),
            ("disableRequestStartHeader", "True"),
        ];
        let all = Treatment::parse(pairs).unwrap();
        assert_eq!(all.connect_timeout(), Some(Duration::from_secs(10)));
        assert_eq!(all.timeout(), Some(Duration::from_mins(20)));
        assert_eq!(all.referrers(), Referrers::Policy("same-origin"));
        assert!(all.no_request_start() && !all.is_usual());
        assert_eq!(Treatment::parse([("referrerPolicy", "none")]).unwrap().referrers(), Referrers::Nothing);
        let usual = Treatment::parse([]).unwrap();
        assert!(usual.is_usual() && usual.referrers() == Referrers::AsAll);
        let wire = serde_json::to_string(&all).unwrap();
        insta::assert_snapshot!(wire, @r#"
        {"connect_timeout_ms":10000,"timeout_ms":1200000,"referrer_policy":"same-origin","no_request_start":true}
        "#);
        assert_eq!(serde_json::from_str::<Treatment>(&wire).unwrap(), all);
    }

    #[test]
    fn nonsense_is_refused_in_words() {
        let refused = |name, value| Treatment::parse([(name, value)]).unwrap_err().to_string();
        let lines = [
            refused("connectTimeout", "0s"),
            refused("connectTimeout", "6m"),
            refused("tcpTimeout", "2d"),
            refused("tcpTimeout", "soon"),
            refused("referrerPolicy", "always\r\nX: y"),
            refused("disableRequestStartHeader", "yes"),
            refused("maintenance", "true"),
        ];
        insta::assert_snapshot!(lines.join("\n"), @r#"
        connectTimeout cannot be "0s": it takes a time of up to 5 minutes, such as 500ms or 10s
        connectTimeout cannot be "6m": it takes a time of up to 5 minutes, such as 500ms or 10s
        tcpTimeout cannot be "2d": it takes a time of up to a day, such as 30s, 20m or 1h
        tcpTimeout cannot be "soon": it takes a time of up to a day, such as 30s, 20m or 1h
        referrerPolicy cannot be "always\r\nX: y": it takes a policy of the W3C, such as same-origin, or none
        disableRequestStartHeader cannot be "yes": it takes true or false
        maintenance is not known; there are connectTimeout, disableRequestStartHeader, referrerPolicy, tcpTimeout
        "#);
    }
}
