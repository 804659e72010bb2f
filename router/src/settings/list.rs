//! All settings. The table in docs/router.md is made of this.

use api::{names::AppName, treatment::REFERRER_POLICIES};
use http::HeaderValue;

use super::{
    Mode,
    value::{count, networks, patience, size, switch, time},
};
use crate::config::Config;

/// One setting.
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// The annotation of Deis's router that meant the same, without `router.deis.io/`.
    pub alias: Option<&'static str>,
    /// What holds when it is not set.
    pub default: &'static str,
    /// What can be said, in words.
    pub takes: &'static str,
    /// What it does.
    pub does: &'static str,
    pub(super) set: fn(&mut Config, &str) -> Option<()>,
}

const SWITCH: &str = "`true` or `false`";
const TIME: &str = "a time, such as `500ms`, `30s`, `20m` or `1d`";
const NETWORKS: &str = "addresses or networks with commas between them, or `none`";
const COUNT: &str = "a number above 0";

/// All of them, in the order of the documentation.
pub static SETTINGS: &[Setting] = &[
    Setting {
        name: "timeout",
        alias: Some("nginx.defaultTimeout"),
        default: "1300s",
        takes: TIME,
        does: "How long an app, or the API, may take to say the next byte of an answer; and how long a websocket may be silent.",
        set: |config, text| {
            let time = patience(text)?;
            let timeouts = &mut config.timeouts;
            (timeouts.response, timeouts.api_response, timeouts.tunnel) = (time, time, time);
            Some(())
        },
    },
    Setting {
        name: "keep-alive",
        alias: None,
        default: "75s",
        takes: TIME,
        does: "How long a connection without a request is kept. Longer than a load balancer in front keeps its own.",
        set: |config, text| to(&mut config.timeouts.keep_alive, patience(text)),
    },
    Setting {
        name: "connect-timeout",
        alias: None,
        default: "5s",
        takes: TIME,
        does: "How long one instance may take to accept a connection, before another is asked.",
        set: |config, text| to(&mut config.timeouts.connect, patience(text)),
    },
    Setting {
        name: "connections",
        alias: Some("nginx.maxWorkerConnections"),
        default: "16384",
        takes: COUNT,
        does: "Most connections, and requests of HTTP/2, at once. Deis counted for each of its processes.",
        set: |config, text| to(&mut config.limits.connections, count(text)),
    },
    Setting {
        name: "connections-per-address",
        alias: None,
        default: "1024",
        takes: COUNT,
        does: "Most of those from one address; loopback and trusted proxies speak for many and are not counted.",
        set: |config, text| to(&mut config.limits.connections_per_address, count(text)),
    },
    Setting {
        name: "body-size",
        alias: Some("nginx.bodySize"),
        default: "0",
        takes: "a size in bytes, `k` or `m`; `0` is no limit",
        does: "Largest body of a request to an app; a larger one is refused (413).",
        set: |config, text| to(&mut config.settings.body_limit, size(text).map(|size| (size > 0).then_some(size))),
    },
    Setting {
        name: "http2",
        alias: Some("nginx.http2Enabled"),
        default: "true",
        takes: SWITCH,
        does: "Offers HTTP/2 over TLS. Apps are always asked in HTTP/1.1.",
        set: |config, text| to(&mut config.settings.http2, switch(text)),
    },
    Setting {
        name: "tls-versions",
        alias: Some("nginx.ssl.protocols"),
        default: "TLSv1.2 TLSv1.3",
        takes: "`TLSv1.3`, or `TLSv1.2 TLSv1.3`: older ones are broken and not spoken",
        does: "Versions of TLS.",
        set: |config, text| {
            to(
                &mut config.settings.tls13_only,
                match text {
                    "TLSv1.3" => Some(true),
                    "TLSv1.2 TLSv1.3" => Some(false),
                    _ => None,
                },
            )
        },
    },
    Setting {
        name: "https-enforce",
        alias: Some("nginx.ssl.enforce"),
        default: "false",
        takes: SWITCH,
        does: "Sends plain requests on to https (301), for each host that has a certificate; `mycli tls:enable` does it for an app.",
        set: |config, text| to(&mut config.settings.https_enforced, switch(text)),
    },
    Setting {
        name: "hsts",
        alias: Some("nginx.ssl.hsts.enabled"),
        default: "false",
        takes: SWITCH,
        does: "Answers over https carry `Strict-Transport-Security`; enforces https as `https-enforce` does.",
        set: |config, text| to(&mut config.settings.hsts.enabled, switch(text)),
    },
    Setting {
        name: "hsts-max-age",
        alias: Some("nginx.ssl.hsts.maxAge"),
        default: "15552000",
        takes: "a time; without a unit, seconds",
        does: "How long browsers remember it. `0` makes them forget.",
        set: |config, text| to(&mut config.settings.hsts.max_age, time(text)),
    },
    Setting {
        name: "hsts-include-subdomains",
        alias: Some("nginx.ssl.hsts.includeSubDomains"),
        default: "false",
        takes: SWITCH,
        does: "It holds for all hosts below, too.",
        set: |config, text| to(&mut config.settings.hsts.include_subdomains, switch(text)),
    },
    Setting {
        name: "hsts-preload",
        alias: Some("nginx.ssl.hsts.preload"),
        default: "false",
        takes: SWITCH,
        does: "Asks browsers' makers to ship it. Hard to take back.",
        set: |config, text| to(&mut config.settings.hsts.preload, switch(text)),
    },
    Setting {
        name: "trusted-proxies",
        alias: Some("nginx.proxyRealIpCidrs"),
        default: "none",
        takes: NETWORKS,
        does: "Proxies whose `X-Forwarded-*` headers are believed; the same as `--trusted-proxy`.",
        set: |config, text| {
            config.trusted_proxies.extend(networks(text)?);
            Some(())
        },
    },
    Setting {
        name: "proxy-protocol",
        alias: Some("nginx.useProxyProtocol"),
        default: "false",
        takes: SWITCH,
        does: "Connections from trusted proxies begin with a header of the PROXY protocol (1 or 2), which names the client. Others do not.",
        set: |config, text| to(&mut config.settings.proxy_protocol, switch(text)),
    },
    Setting {
        name: "default-whitelist",
        alias: Some("nginx.defaultWhitelist"),
        default: "none",
        takes: NETWORKS,
        does: "Who may reach apps and the API; the API is always reached from the machine itself.",
        set: |config, text| to(&mut config.settings.whitelist.default, networks(text)),
    },
    Setting {
        name: "whitelist-mode",
        alias: Some("nginx.whitelistMode"),
        default: "extend",
        takes: "`extend` or `override`",
        does: "Whether an app's own list (`mycli whitelist:add`) adds to the default one or takes its place.",
        set: |config, text| {
            to(
                &mut config.settings.whitelist.mode,
                match text {
                    "extend" => Some(Mode::Extend),
                    "override" => Some(Mode::Override),
                    _ => None,
                },
            )
        },
    },
    Setting {
        name: "enforce-whitelists",
        alias: Some("nginx.enforceWhitelists"),
        default: "false",
        takes: SWITCH,
        does: "An app without any list is reached by nobody.",
        set: |config, text| to(&mut config.settings.whitelist.enforced, switch(text)),
    },
    Setting {
        name: "request-ids",
        alias: Some("nginx.requestIDs"),
        default: "false",
        takes: SWITCH,
        does: "Answers carry `X-Request-Id` and `X-Correlation-Id`, and so do requests. (Apps get the first in any case.)",
        set: |config, text| to(&mut config.settings.request_ids, switch(text)),
    },
    Setting {
        name: "request-start",
        alias: Some("nginx.requestStartHeader"),
        default: "false",
        takes: SWITCH,
        does: "Apps get `X-Request-Start: t=<milliseconds since 1970>`.",
        set: |config, text| to(&mut config.settings.request_start, switch(text)),
    },
    Setting {
        name: "referrer-policy",
        alias: Some("nginx.referrerPolicy"),
        default: "none",
        takes: "a policy of the W3C, such as `same-origin`, or `none`",
        does: "`Referrer-Policy` of answers that have none of their own.",
        set: |config, text| {
            let policy = if text == "none" { None } else { Some(referrer_policy(text)?) };
            to(&mut config.settings.referrer_policy, Some(policy))
        },
    },
    Setting {
        name: "default-app",
        alias: Some("nginx.defaultAppName"),
        default: "none",
        takes: "the name of an app, or `none`",
        does: "Answers on hosts that nobody has, which are answered 404 otherwise; `/healthz` there stays the router's.",
        set: |config, text| {
            let app = if text == "none" { None } else { Some(AppName::parse(text).ok()?) };
            to(&mut config.settings.default_app, Some(app))
        },
    },
];

fn to<T>(place: &mut T, value: Option<T>) -> Option<()> {
    value.map(|value| *place = value)
}

fn referrer_policy(text: &str) -> Option<HeaderValue> {
    REFERRER_POLICIES.into_iter().find(|policy| *policy == text).map(HeaderValue::from_static)
}
