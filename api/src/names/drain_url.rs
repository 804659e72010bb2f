//! Where lines of an app are sent on to.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::InvalidName;

/// `syslog://HOST[:PORT]`, `syslog+tls://HOST[:PORT]`, `https://[USER:PASSWORD@]HOST[:PORT]/PATH[?QUERY]`, or the last with
/// `http`. It may hold secrets: [`DrainUrl::masked`] is for eyes, and is all that `Debug` shows.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DrainUrl {
    url: Url,
    transport: Transport,
    host: Host,
}

/// How lines travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// RFC 6587, in the clear.
    Syslog,
    /// RFC 5425.
    SyslogTls,
    /// POSTs of batches, in the clear.
    Http,
    /// POSTs of batches.
    Https,
}

const FORMS: &str = "A drain is syslog://HOST:PORT, syslog+tls://HOST:PORT or https://HOST/PATH.";

impl DrainUrl {
    /// Longest URL.
    pub const MAX: usize = 2048;

    /// The only way to a `DrainUrl`. What is wrong is said without repeating any of it.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        if text.is_empty() {
            return Err(InvalidName::new("This field may not be blank."));
        }
        if text.len() > Self::MAX {
            return Err(InvalidName::new(format!("Ensure this field has no more than {} characters.", Self::MAX)));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidName::new("A URL has no spaces, control characters or letters beyond ASCII."));
        }
        let url = Url::parse(text).map_err(|_| InvalidName::new(FORMS))?;
        let transport = transport(url.scheme()).ok_or_else(|| InvalidName::new(FORMS))?;
        let host = host(&url).ok_or_else(|| InvalidName::new(FORMS))?;
        check(&url, transport).map_err(InvalidName::new)?;
        Ok(Self { url, transport, host })
    }

    /// All of it, secrets too.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// How lines travel.
    #[must_use]
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// The host's name, or its address without brackets.
    #[must_use]
    pub fn host(&self) -> String {
        match &self.host {
            Host::Domain(name) => name.clone(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        }
    }

    /// Host and port as a request names them.
    #[must_use]
    pub fn authority(&self) -> String {
        let port = self.url.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}{port}", self.host)
    }

    /// The port, said or understood.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.url.port().unwrap_or(match self.transport {
            Transport::Syslog => 514,
            Transport::SyslogTls => 6514,
            Transport::Http => 80,
            Transport::Https => 443,
        })
    }

    /// Path and query, as a request has them.
    #[must_use]
    pub fn path_and_query(&self) -> String {
        let query = self.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}{query}", self.url.path())
    }

    /// User and password, still in the letters of URLs.
    #[must_use]
    pub fn user(&self) -> Option<(&str, &str)> {
        let (user, password) = (self.url.username(), self.url.password().unwrap_or_default());
        (!user.is_empty() || !password.is_empty()).then_some((user, password))
    }

    /// Scheme, host and port; stars for all else.
    #[must_use]
    pub fn masked(&self) -> String {
        let user = if self.user().is_some() { "***@" } else { "" };
        let rest = if matches!(self.path_and_query().as_str(), "" | "/") { "" } else { "/***" };
        format!("{}://{user}{}{rest}", self.url.scheme(), self.authority())
    }
}

fn transport(scheme: &str) -> Option<Transport> {
    match scheme {
        "syslog" => Some(Transport::Syslog),
        "syslog+tls" => Some(Transport::SyslogTls),
        "http" => Some(Transport::Http),
        "https" => Some(Transport::Https),
        _ => None,
    }
}

/// By the same rules under every scheme: an address in a strange form is an address.
fn host(url: &Url) -> Option<Host> {
    Host::parse(url.host_str()?).ok().filter(|host| *host != Host::Domain(String::new()))
}

fn check(url: &Url, transport: Transport) -> Result<(), &'static str> {
    if url.port() == Some(0) {
        return Err("A port is a number from 1 to 65535.");
    }
    if url.fragment().is_some() {
        return Err("A fragment (#...) is sent nowhere; leave it out.");
    }
    let is_syslog = matches!(transport, Transport::Syslog | Transport::SyslogTls);
    let bare = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    if is_syslog && !(bare && matches!(url.path(), "" | "/")) {
        return Err("Syslog knows a host and a port, and neither users, paths nor queries.");
    }
    Ok(())
}

impl TryFrom<String> for DrainUrl {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<DrainUrl> for String {
    fn from(url: DrainUrl) -> Self {
        url.url.into()
    }
}

#[cfg(feature = "schema")]
impl utoipa::PartialSchema for DrainUrl {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        String::schema()
    }
}

#[cfg(feature = "schema")]
impl utoipa::ToSchema for DrainUrl {}

impl fmt::Debug for DrainUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::{DrainUrl, Transport};

    #[test]
    fn accepts_and_refuses() {
        for (good, transport, host, port) in [
            ("syslog://logs.example.com", Transport::Syslog, "logs.example.com", 514),
            ("syslog://LOGS.example.com:21/", Transport::Syslog, "logs.example.com", 21),
            ("syslog://0x7f.1:5140", Transport::Syslog, "127.0.0.1", 5140),
            ("syslog+tls://[2001:db8::1]:443", Transport::SyslogTls, "2001:db8::1", 443),
            ("syslog+tls://logs.example.com", Transport::SyslogTls, "logs.example.com", 6514),
            ("https://u:p@logs.example.com/v1?key=1", Transport::Https, "logs.example.com", 443),
            ("http://127.1:8080", Transport::Http, "127.0.0.1", 8080),
        ] {
            let url = DrainUrl::parse(good).unwrap();
            assert_eq!((url.transport(), url.host().as_str(), url.port()), (transport, host, port), "{good}");
            assert_eq!(DrainUrl::parse(url.as_str()).unwrap(), url);
        }
        for bad in [
            "",
            "logs.example.com:514",
            "syslog://",
            "syslog:logs",
            "syslog://:514",
            "udp://logs.example.com:514",
            "syslog://logs.example.com:0",
            "syslog://logs.example.com:70000",
            "syslog://u:hunter2@logs.example.com",
            "syslog://logs.example.com/hunter2",
            "https://logs.example.com/hunter2#x",
            "https://logs.example.com/hunter2 x",
            "https://logs.example.com/hunter2\nx",
            "https://exa mple/hunter2",
            &format!("https://logs.example.com/{}", "hunter2".repeat(300)),
        ] {
            let refused = DrainUrl::parse(bad).unwrap_err().to_string();
            assert!(!refused.is_empty() && !refused.contains("hunter2"), "{bad:?}: {refused}");
        }
    }

    #[test]
    fn eyes_see_no_secrets() {
        for (url, shown) in [
            ("https://ana:hunter2@logs.example.com:8443/hunter2?key=hunter2", "https://***@logs.example.com:8443/***"),
            ("https://hunter2@logs.example.com", "https://***@logs.example.com"),
            ("https://logs.example.com/?key=hunter2", "https://logs.example.com/***"),
            ("https://logs.example.com/", "https://logs.example.com"),
            ("syslog+tls://[2001:db8::1]:6514", "syslog+tls://[2001:db8::1]:6514"),
        ] {
            let parsed = DrainUrl::parse(url).unwrap();
            assert_eq!(parsed.masked(), shown);
            assert_eq!(format!("{parsed:?}"), shown);
        }
    }
}
