//! Lists: `?limit=&offset=` and the envelope with the URLs of the pages beside.

use std::convert::Infallible;

use api::types::Page;
use axum::{
    Json,
    extract::{FromRequestParts, OriginalUri},
    http::{HeaderMap, Uri, header, request::Parts},
};
use serde_json::json;

use super::route::{Argument, Operation};
use crate::state::State;

/// Rows a page has when the client does not say.
const DEFAULT_LIMIT: i64 = 100;

/// Which part of a list is wanted.
pub(super) struct Paging {
    /// At most that many rows, at least one.
    pub(super) limit: i64,
    /// After that many rows.
    pub(super) offset: i64,
    url: String,
}

impl FromRequestParts<State> for Paging {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Infallible> {
        let OriginalUri(uri) = OriginalUri::from_request_parts(parts, state).await?;
        let query = uri.query().unwrap_or_default();
        Ok(Self {
            limit: number(query, "limit").filter(|limit| *limit > 0).unwrap_or(DEFAULT_LIMIT),
            offset: number(query, "offset").filter(|offset| *offset > 0).unwrap_or(0),
            url: format!("{}{}", origin(&parts.headers), uri.path()),
        })
    }
}

impl Argument for Paging {
    fn describe(operation: &mut Operation) {
        let number = |minimum: i64, default: i64| json!({"type": "integer", "minimum": minimum, "default": default});
        operation.reads("limit", &number(1, DEFAULT_LIMIT), "At most that many.");
        operation.reads("offset", &number(0, 0), "Behind that many.");
    }
}

impl Paging {
    /// The envelope around this page of a list that has `count` rows in all.
    pub(super) fn page<T>(&self, count: i64, results: Vec<T>) -> Json<Page<T>> {
        let after = self.offset.saturating_add(self.limit);
        let next = (after < count).then(|| format!("{}?limit={}&offset={after}", self.url, self.limit));
        let previous = (self.offset > 0).then(|| match self.offset - self.limit {
            before @ 1.. => format!("{}?limit={}&offset={before}", self.url, self.limit),
            _ => format!("{}?limit={}", self.url, self.limit),
        });
        Json(Page { count: count.unsigned_abs(), next, previous, results })
    }
}

/// Scheme and host under which the client reached us.
pub(super) fn origin(headers: &HeaderMap) -> String {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = text(header::HeaderName::from_static("x-forwarded-proto")).filter(|scheme| *scheme == "https");
    format!("{}://{}", scheme.unwrap_or("http"), text(header::HOST).unwrap_or("localhost"))
}

/// The number given for `name`, unless it is none.
pub(super) fn number(query: &str, name: &str) -> Option<i64> {
    url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name)?.1.parse().ok()
}

/// The text given for `name`, unless it is empty.
pub(super) fn text(query: &str, name: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.into_owned())
}

/// Whether the URL asks for `name`: `?name=true`.
pub(super) fn flag(uri: &Uri, name: &str) -> bool {
    let query = uri.query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes()).any(|(key, value)| key == name && value == "true")
}

#[cfg(test)]
mod tests {
    use axum::Json;

    use super::{Paging, number};

    fn paging(limit: i64, offset: i64) -> Paging {
        Paging { limit, offset, url: "http://api/v2/apps".to_owned() }
    }

    fn neighbours(paging: &Paging, count: i64) -> (Option<String>, Option<String>) {
        let Json(page) = paging.page::<()>(count, Vec::new());
        (page.previous, page.next)
    }

    #[test]
    fn pages_name_their_neighbours() {
        let url = |query: &str| Some(format!("http://api/v2/apps?{query}"));
        assert_eq!(neighbours(&paging(100, 0), 100), (None, None));
        assert_eq!(neighbours(&paging(1, 0), 3), (None, url("limit=1&offset=1")));
        assert_eq!(neighbours(&paging(1, 1), 3), (url("limit=1"), url("limit=1&offset=2")));
        assert_eq!(neighbours(&paging(1, 2), 3), (url("limit=1&offset=1"), None));
        assert_eq!(neighbours(&paging(2, 1), 3), (url("limit=2"), None));
        assert_eq!(neighbours(&paging(i64::MAX, i64::MAX), 3).1, None);
    }

    #[test]
    fn junk_is_no_number() {
        assert_eq!(number("limit=5&offset=x", "limit"), Some(5));
        assert_eq!(number("limit=5&offset=x", "offset"), None);
    }
}
