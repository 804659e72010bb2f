//! Hosts that are to be reached by https alone: because the app's owner wants it, or the operator for all.

use http::HeaderValue;

use super::outbound::Outbound;
use crate::{client::Client, config::HttpsPort, shared::Target};

/// Where authorities look for the proof that a host is ours: over plain HTTP, and before there is a certificate.
const ACME: &str = "/.well-known/acme-challenge/";

/// Where the request has to go instead, if it came in clear text to a host that does not want that.
pub(super) fn elsewhere(client: &Client, target: &Target, outbound: &Outbound, secure: bool) -> Option<HeaderValue> {
    let shared = &client.shared;
    let wanted = match target {
        Target::App(app) => app.https_enforced || by_operator(client, outbound),
        // Who administers the platform on its own machine does it in clear text.
        Target::Api(_) => !client.peer.loopback && by_operator(client, outbound),
    };
    if !wanted || secure || outbound.path_and_query().starts_with(ACME) {
        return None;
    }
    let port =
        if shared.https_port == HttpsPort::default() { String::new() } else { format!(":{}", shared.https_port.0) };
    HeaderValue::try_from(format!("https://{}{port}{}", outbound.host.as_str(), outbound.path_and_query())).ok()
}

/// Nobody is sent on to a host without a certificate: there is nothing to be found.
fn by_operator(client: &Client, outbound: &Outbound) -> bool {
    let shared = &client.shared;
    (shared.settings.https_enforced || shared.settings.hsts.enabled) && shared.tls.serves(outbound.host.as_str())
}
