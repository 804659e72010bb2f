//! The operator's deploy hooks: where they are, what they are told of a release, and how it is signed.
//!
//! All of it is Deis's (reference 3.13), so that receivers made for Deis go on working; the second signature is ours.

use std::{fmt, str::FromStr};

use api::names::AppName;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use url::Url;
use uuid::Uuid;
use zeroize::Zeroizing;

/// What Deis wrote as `%20` or the like: all but these, and spaces, which are `+`.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'.').remove(b'-').remove(b'~').remove(b' ');
/// Characters of a summary that are told: many servers take no URL of more than 8 KiB.
const SUMMARY: usize = 1000;

/// All hooks, and the key that signs what they are told.
#[derive(Clone, Debug, Default)]
pub struct Hooks {
    urls: Vec<HookUrl>,
    key: Option<HookKey>,
}

impl Hooks {
    /// Each URL once, in the order given.
    #[must_use]
    pub fn new(urls: impl IntoIterator<Item = HookUrl>, key: Option<HookKey>) -> Self {
        let mut all: Vec<HookUrl> = Vec::new();
        for url in urls {
            if !all.contains(&url) {
                all.push(url);
            }
        }
        Self { urls: all, key }
    }

    /// Where they are.
    #[must_use]
    pub fn urls(&self) -> &[HookUrl] {
        &self.urls
    }

    /// The key, if there is one.
    #[must_use]
    pub fn key(&self) -> Option<&HookKey> {
        self.key.as_ref()
    }
}

/// Where one hook is. Shown without its query, in which the operator may have put a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct HookUrl(Url);

impl HookUrl {
    /// The whole of it, for who passes it on.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }

    /// What it is known by in the database.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_str()).into()
    }

    /// The URL that `query` is sent to.
    #[must_use]
    pub fn with(&self, query: &str) -> String {
        let sign = if self.0.query().is_some() { '&' } else { '?' };
        format!("{}{sign}{query}", self.0)
    }
}

impl FromStr for HookUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = url.ok_or("a deploy hook is a URL like https://hooks.example.com/deis")?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("a deploy hook's URL has no user and no password: what is sent there is signed instead");
        }
        if url.fragment().is_some() {
            return Err("a deploy hook's URL has no `#`");
        }
        Ok(Self(url))
    }
}

impl fmt::Display for HookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.clone();
        shown.set_query(None);
        shown.fmt(f)
    }
}

impl fmt::Debug for HookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The secret that we share with the receivers.
#[derive(Clone)]
pub struct HookKey(Zeroizing<String>);

impl HookKey {
    /// What stands in a file or variable; none when nothing does.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The secret, for who passes it on.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Deis's signature, in the header `Authorization`: of the whole URL.
    #[must_use]
    pub fn authorization(&self, url: &str) -> String {
        hex::encode(self.sign::<Hmac<Sha1>>(&[url]))
    }

    /// Ours: of the second since 1970 `at` which it was sent, the number of the delivery and the whole URL, with dots between.
    #[must_use]
    pub fn signature(&self, at: i64, delivery: Uuid, url: &str) -> String {
        let (at, delivery) = (at.to_string(), delivery.to_string());
        let signed = self.sign::<Hmac<Sha256>>(&[&at, ".", &delivery, ".", url]);
        format!("t={at},v1={}", hex::encode(signed))
    }

    fn sign<M: Mac + KeyInit>(&self, parts: &[&str]) -> Vec<u8> {
        // A key of any length will do for an HMAC; only the interface does not know.
        let Ok(mut mac) = <M as KeyInit>::new_from_slice(self.0.as_bytes()) else { return Vec::new() };
        for part in parts {
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().to_vec()
    }
}

impl fmt::Debug for HookKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HookKey")
    }
}

/// What hooks are told of a new release.
#[derive(Clone, Copy, Debug)]
pub struct Announcement<'a> {
    /// Whose it is.
    pub app: &'a AppName,
    /// Its number.
    pub version: u32,
    /// What changed.
    pub summary: &'a str,
    /// The commit of its build, or nothing.
    pub sha: &'a str,
    /// Who made it.
    pub user: &'a str,
}

impl Announcement<'_> {
    /// As a query, the parameters in the order of their names.
    #[must_use]
    pub fn query(&self) -> String {
        let release = format!("v{}", self.version);
        let summary: String = self.summary.chars().take(SUMMARY).collect();
        let parameters = [
            ("app", self.app.as_str()),
            ("release", &release),
            ("release_summary", &summary),
            ("sha", self.sha),
            ("user", self.user),
        ];
        parameters.map(|(name, value)| format!("{name}={}", escape(value))).join("&")
    }
}

fn escape(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string().replace(' ', "+")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook(text: &str) -> Result<HookUrl, &'static str> {
        text.parse()
    }

    #[test]
    fn a_receiver_of_deis_is_told_what_it_knows() {
        let app = AppName::parse("blog").unwrap();
        let (summary, user) = ("ana added A, changed B~1*", "ana@x");
        let query = Announcement { app: &app, version: 12, summary, sha: "1a2b3c4d", user }.query();
        let url = hook("https://hooks.example.com/deis").unwrap().with(&query);
        let key = HookKey::parse("my_secret_key\n").unwrap();
        // As Python's urllib.parse.urlencode and hmac have it, which Deis used.
        insta::assert_snapshot!(format!("{url}\n{}", key.authorization(&url)), @r"
        https://hooks.example.com/deis?app=blog&release=v12&release_summary=ana+added+A%2C+changed+B~1%2A&sha=1a2b3c4d&user=ana%40x
        665a6f5cd29233426aa8d8c01fff136f7ff194bf
        ");
    }

    #[test]
    fn our_signature_is_of_the_moment_the_delivery_and_the_url() {
        let key = HookKey::parse("my_secret_key").unwrap();
        let url = "https://hooks.example.com/deis?app=blog";
        let signature = |at, delivery, url| key.signature(at, Uuid::from_u128(delivery), url);
        let one = signature(1_800_000_000, 7, url);
        insta::assert_snapshot!(one, @"t=1800000000,v1=0e3c3b893ca34ccc82b97e9ff56b8f3994863cc131f80f66f08fffa6cbe63c67");
        assert_ne!(one[13..], signature(1_800_000_001, 7, url)[13..]);
        assert_ne!(one[13..], signature(1_800_000_000, 8, url)[13..]);
        assert_ne!(one[13..], signature(1_800_000_000, 7, "https://hooks.example.com/deis?app=blag")[13..]);
    }

    #[test]
    fn no_summary_makes_a_url_too_long() {
        let app = AppName::parse("blog").unwrap();
        let summary = "é".repeat(5000);
        assert!(Announcement { app: &app, version: 1, summary: &summary, sha: "", user: "ana" }.query().len() < 7000);
    }

    #[test]
    fn nobody_is_shown_a_query_or_a_key() {
        let url = hook("https://hooks.example.com/deis?token=hunter2").unwrap();
        let hooks = Hooks::new([url.clone(), url.clone()], HookKey::parse("hunter2"));
        insta::assert_snapshot!(format!("{hooks:?} {url}"), @"Hooks { urls: [https://hooks.example.com/deis], key: Some(HookKey) } https://hooks.example.com/deis");
        assert_eq!(url.with("app=blog"), "https://hooks.example.com/deis?token=hunter2&app=blog");
    }

    #[test]
    fn what_is_no_hook_is_refused_in_words_that_do_not_repeat_it() {
        let texts = ["hooks.example.com", "ftp://a/", "https://ana:hunter2@a/", "https://a/#b", ""];
        insta::assert_snapshot!(texts.map(|text| hook(text).unwrap_err()).join("\n"), @r"
        a deploy hook is a URL like https://hooks.example.com/deis
        a deploy hook is a URL like https://hooks.example.com/deis
        a deploy hook's URL has no user and no password: what is sent there is signed instead
        a deploy hook's URL has no `#`
        a deploy hook is a URL like https://hooks.example.com/deis
        ");
    }
}
