//! What every answer carries, an app's as the router's own, because the operator wants it to ([`crate::settings`]).

use api::treatment::Referrers;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::headers::{CORRELATION_ID, REQUEST_ID};
use crate::shared::Shared;

/// What is known about a request when its answer goes out.
#[derive(Default)]
pub(super) struct Asked {
    /// The client's own connection is encrypted.
    pub secure: bool,
    pub id: Option<HeaderValue>,
    pub correlation: Option<HeaderValue>,
    /// What the app it is for says about referrers, in place of the operator.
    pub referrers: Referrers<HeaderValue>,
}

/// Adds it. An app's own word about security or referrers stands: it knows its pages.
pub(super) fn adorn(headers: &mut HeaderMap, shared: &Shared, asked: &Asked) {
    let hsts = shared.hsts.as_ref().filter(|_| asked.secure);
    unless_said(headers, header::STRICT_TRANSPORT_SECURITY, hsts);
    let referrer_policy = match &asked.referrers {
        Referrers::AsAll => shared.settings.referrer_policy.as_ref(),
        Referrers::Nothing => None,
        Referrers::Policy(policy) => Some(policy),
    };
    unless_said(headers, header::REFERRER_POLICY, referrer_policy);
    if shared.settings.request_ids {
        for (name, value) in [(REQUEST_ID, &asked.id), (CORRELATION_ID, &asked.correlation)] {
            if let Some(value) = value {
                headers.insert(name, value.clone());
            }
        }
    }
}

fn unless_said(headers: &mut HeaderMap, name: HeaderName, value: Option<&HeaderValue>) {
    if let Some(value) = value
        && !headers.contains_key(&name)
    {
        headers.insert(name, value.clone());
    }
}
