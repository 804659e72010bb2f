//! Header names and versions that clients and parts agree on.

/// The API version this code speaks, sent as [`API_VERSION_HEADER`]; Deis's clients compare it as a string.
pub const API_VERSION: &str = "2.3";
/// The platform version sent with every answer, in Deis's numbering (its clients print it, scripts compare it).
pub const PLATFORM_VERSION: &str = "2.3.0";

/// Carries [`API_VERSION`] on every answer. The underscores are Deis's.
pub const API_VERSION_HEADER: &str = "DEIS_API_VERSION";
/// Carries [`PLATFORM_VERSION`] on every answer.
pub const PLATFORM_VERSION_HEADER: &str = "DEIS_PLATFORM_VERSION";

/// Makes a POST or DELETE safe to send twice: the second one answers what the first did. Unique per user and app.
pub const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
/// Carries the builder key on `/v2/hooks`.
pub const BUILDER_AUTH: &str = "X-Deis-Builder-Auth";
/// One id per request, made by the router, found again in every log line about it.
pub const REQUEST_ID: &str = "X-Request-Id";
/// Set by the router alone, to `1`, on requests to the API host whose peer was on loopback and that carried neither
/// `Origin` nor any forwarding header: the proof that lets the first administrator register without a token.
pub const LOCAL_CALLER: &str = "X-Slipway-Local";
/// Prefix of the headers that only our own parts may set; the router drops them from what clients send.
pub const OWN_PREFIX: &str = "x-slipway-";

/// True when a client of [`API_VERSION`] can rely on a controller that sends `server`: the same major version, and a
/// minor one that is not lower. Compared as text, as Deis's clients do.
#[must_use]
pub fn is_compatible(server: &str) -> bool {
    match (API_VERSION.split_once('.'), server.split_once('.')) {
        (Some((ours, minor)), Some((theirs, their_minor))) => ours == theirs && their_minor >= minor,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_compatible;

    #[test]
    fn versions() {
        for good in ["2.3", "2.4"] {
            assert!(is_compatible(good), "{good}");
        }
        for bad in ["2.2", "1.3", "3.0", "2", "", "two"] {
            assert!(!is_compatible(bad), "{bad:?}");
        }
    }
}
