//! What the operator sets for all apps at once, by name: [`Config::set`] takes a name and a value as text, so that an option, an
//! environment variable and an annotation all mean the same.
//!
//! Names that Deis's router knew as annotations of its own Deployment (`router.deis.io/nginx.*`) are taken, too, with
//! its way to write values.

mod list;
mod value;
mod whitelist;

use std::time::Duration;

use api::names::AppName;
use http::HeaderValue;

use crate::config::Config;
pub use list::{SETTINGS, Setting};
pub use whitelist::{Mode, Whitelist};

/// What Deis wrote before all of its annotations.
const PREFIX: &str = "router.deis.io/";

/// How the router treats all requests.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the operator's, by its own name")]
pub struct Settings {
    /// HTTP/2 is offered to clients that speak TLS.
    pub http2: bool,
    /// Only TLS 1.3 is spoken, not 1.2.
    pub tls13_only: bool,
    /// Plain requests are sent on to https wherever there is a certificate.
    pub https_enforced: bool,
    /// Browsers are told to use nothing but https.
    pub hsts: Hsts,
    /// Whose requests are taken.
    pub whitelist: Whitelist,
    /// Largest body of a request in bytes.
    pub body_limit: Option<u64>,
    /// Trusted proxies begin each connection with a header of the PROXY protocol.
    pub proxy_protocol: bool,
    /// Answers carry the id of their request, and requests that of the correlation.
    pub request_ids: bool,
    /// Apps are told when a request came.
    pub request_start: bool,
    /// `Referrer-Policy` of answers that have none.
    pub referrer_policy: Option<HeaderValue>,
    /// The app that answers on hosts that nobody has, by its name.
    pub default_app: Option<AppName>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            http2: true,
            tls13_only: false,
            https_enforced: false,
            hsts: Hsts::default(),
            whitelist: Whitelist::default(),
            body_limit: None,
            proxy_protocol: false,
            request_ids: false,
            request_start: false,
            referrer_policy: None,
            default_app: None,
        }
    }
}

/// `Strict-Transport-Security` (RFC 6797).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hsts {
    /// It is said.
    pub enabled: bool,
    /// For how long browsers remember it.
    pub max_age: Duration,
    /// It holds for all hosts below, too.
    pub include_subdomains: bool,
    /// Browsers may have it in their own lists.
    pub preload: bool,
}

impl Default for Hsts {
    /// Deis's: half a year.
    fn default() -> Self {
        Self { enabled: false, max_age: Duration::from_hours(180 * 24), include_subdomains: false, preload: false }
    }
}

impl Hsts {
    /// The header's value.
    #[must_use]
    pub fn value(&self) -> String {
        let mut text = format!("max-age={}", self.max_age.as_secs());
        for (wanted, word) in [(self.include_subdomains, "; includeSubDomains"), (self.preload, "; preload")] {
            if wanted {
                text.push_str(word);
            }
        }
        text
    }
}

/// Why a setting is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// There is no `=` in it.
    #[error("{0:?} is not NAME=VALUE")]
    NoPair(String),
    /// There is none of this name.
    #[error("there is no setting {0:?}; docs/router.md lists them")]
    Unknown(String),
    /// It does not take this value.
    #[error("{name} cannot be {value:?}: it takes {takes}")]
    Value {
        /// The setting's own name.
        name: &'static str,
        /// What was said.
        value: String,
        /// What can be said.
        takes: &'static str,
    },
}

impl Config {
    /// Sets one of [`SETTINGS`], by its own name or the one that Deis had.
    ///
    /// ```
    /// let mut config = router::Config::default();
    /// config.set("https-enforce", "true")?;
    /// config.set("router.deis.io/nginx.bodySize", "10m")?;
    /// assert!(config.settings.https_enforced);
    /// assert_eq!(config.settings.body_limit, Some(10 * 1024 * 1024));
    /// # Ok::<(), router::SettingError>(())
    /// ```
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), SettingError> {
        let name = name.trim();
        let short = name.strip_prefix(PREFIX).unwrap_or(name);
        let setting = SETTINGS.iter().find(|setting| setting.name == name || setting.alias == Some(short));
        let setting = setting.ok_or_else(|| SettingError::Unknown(name.to_owned()))?;
        let value = value.trim();
        let wrong = || SettingError::Value { name: setting.name, value: value.to_owned(), takes: setting.takes };
        (setting.set)(self, value).ok_or_else(wrong)
    }

    /// Sets one from `NAME=VALUE`.
    pub fn set_pair(&mut self, pair: &str) -> Result<(), SettingError> {
        let (name, value) = pair.split_once('=').ok_or_else(|| SettingError::NoPair(pair.to_owned()))?;
        self.set(name, value)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn set(pairs: &[(&str, &str)]) -> Config {
        let mut config = Config::default();
        for (name, value) in pairs {
            config.set(name, value).unwrap();
        }
        config
    }

    #[test]
    fn every_default_is_what_it_says() {
        for setting in SETTINGS.iter().filter(|setting| setting.default != "none") {
            let config = set(&[(setting.name, setting.default)]);
            assert_eq!(format!("{config:?}"), format!("{:?}", Config::default()), "{}", setting.name);
        }
    }

    #[test]
    fn the_documentation_has_them_all() {
        let mut table = String::from("| name | default | what it does |\n|---|---|---|\n");
        for Setting { name, alias, default, takes, does, .. } in SETTINGS {
            let takes = if takes.starts_with("`true`") { String::new() } else { format!(" Takes {takes}.") };
            let alias = alias.map(|alias| format!(" Deis: `{alias}`.")).unwrap_or_default();
            writeln!(table, "| `{name}` | `{default}` | {does}{takes}{alias} |").unwrap();
        }
        assert!(include_str!("../../../docs/router.md").contains(&table), "docs/router.md lacks this table:\n{table}");
    }

    #[test]
    fn no_name_means_two_things() {
        let mut names: Vec<_> = SETTINGS.iter().flat_map(|one| [Some(one.name), one.alias]).flatten().collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn what_deis_wrote_is_understood() {
        let config = set(&[
            ("router.deis.io/nginx.ssl.hsts.maxAge", "10886400"),
            ("nginx.ssl.hsts.enabled", "TRUE"),
            ("nginx.ssl.hsts.includeSubDomains", "true"),
            ("nginx.defaultTimeout", "20m"),
            ("nginx.proxyRealIpCidrs", "10.0.0.0/8, 192.0.2.1"),
            ("nginx.ssl.protocols", "TLSv1.3"),
            ("nginx.whitelistMode", "override"),
        ]);
        assert_eq!(config.settings.hsts.value(), "max-age=10886400; includeSubDomains");
        assert_eq!(config.timeouts.response, Duration::from_mins(20));
        assert_eq!(config.trusted_proxies.len(), 2);
        assert!(config.settings.tls13_only);
        assert_eq!(config.settings.whitelist.mode, Mode::Override);
    }

    #[test]
    fn hsts_does_not_come_by_its_details() {
        assert!(!set(&[("hsts-max-age", "1d"), ("hsts-preload", "true")]).settings.hsts.enabled);
    }

    #[test]
    fn what_is_wrong_is_said_in_words() {
        let mut config = Config::default();
        let mut error = |pair: &str| config.set_pair(pair).unwrap_err().to_string();
        insta::assert_snapshot!(error("hsts"), @r#""hsts" is not NAME=VALUE"#);
        insta::assert_snapshot!(error("gzip=on"), @r#"there is no setting "gzip"; docs/router.md lists them"#);
        insta::assert_snapshot!(error("nginx.bodySize=10 megabytes"), @r#"body-size cannot be "10 megabytes": it takes a size in bytes, `k` or `m`; `0` is no limit"#);
        insta::assert_snapshot!(error("referrer-policy=whatever"), @r#"referrer-policy cannot be "whatever": it takes a policy of the W3C, such as `same-origin`, or `none`"#);
    }
}
