//! Apps that want to be reached by https alone.

use http::HeaderValue;

use super::outbound::Outbound;
use crate::{config::HttpsPort, shared::Target};

/// Where authorities look for the proof that a host is ours: over plain HTTP, and before there is a certificate.
const ACME: &str = "/.well-known/acme-challenge/";

/// Where the request has to go instead, if it came in clear text to an app that does not want that.
pub(super) fn elsewhere(target: &Target, outbound: &Outbound, port: HttpsPort) -> Option<HeaderValue> {
    let enforced = matches!(target, Target::App(app) if app.https_enforced);
    if !enforced || outbound.is_secure() || outbound.path_and_query().starts_with(ACME) {
        return None;
    }
    let port = if port == HttpsPort::default() { String::new() } else { format!(":{}", port.0) };
    HeaderValue::try_from(format!("https://{}{port}{}", outbound.host.as_str(), outbound.path_and_query())).ok()
}
