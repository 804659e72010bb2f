//! One request: built by a resource's function, sent until it is answered or patience ends.

use reqwest::{Method, Response, Upgraded, Url, header};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::{
    Client, Error, Notice, Result, answer,
    retry::{Patience, Resend},
    upgrade::Wish,
};
use crate::headers::IDEMPOTENCY_KEY;

/// A request that is not sent yet.
pub(super) struct Call<'a> {
    client: &'a Client,
    method: Method,
    url: Url,
    body: Option<Vec<u8>>,
    accept: &'static str,
    key: Option<Uuid>,
    anonymous: bool,
    resend: Resend,
}

impl<'a> Call<'a> {
    /// A request for `/v2/<path>`; an empty last segment stands for a closing slash.
    pub(super) fn new(client: &'a Client, method: Method, path: &[&str]) -> Result<Self> {
        let mut url = client.controller.clone();
        url.set_path(&versioned(path)?);
        // The key makes sending it twice safe where the controller heeds it: the second one answers what the first did.
        let key = matches!(method, Method::POST | Method::DELETE).then(Uuid::new_v4);
        let accept = "application/json";
        Ok(Self { client, method, url, body: None, accept, key, anonymous: false, resend: Resend::Lost })
    }

    /// Outside `/v2`, where only the health endpoints are.
    pub(super) fn at_root(mut self, path: &str) -> Self {
        self.url.set_path(path);
        self
    }

    /// With a JSON body.
    pub(super) fn body(mut self, body: &impl Serialize) -> Result<Self> {
        self.body = Some(serde_json::to_vec(body).map_err(Error::Encode)?);
        Ok(self)
    }

    /// With `?name=value` when there is a value.
    pub(super) fn query(mut self, name: &str, value: Option<u32>) -> Self {
        if let Some(value) = value {
            self.url.query_pairs_mut().append_pair(name, &value.to_string());
        }
        self
    }

    /// The same for a text.
    pub(super) fn text_query(mut self, name: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.url.query_pairs_mut().append_pair(name, value);
        }
        self
    }

    /// With `?name=true`.
    pub(super) fn flag(mut self, name: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, "true");
        self
    }

    /// Asking for another media type than JSON.
    pub(super) fn accept(mut self, accept: &'static str) -> Self {
        self.accept = accept;
        self
    }

    /// Without the user's token.
    pub(super) fn anonymous(mut self) -> Self {
        self.anonymous = true;
        self
    }

    /// With another rule for sending it again than [`Resend::Lost`].
    pub(super) fn resend(mut self, resend: Resend) -> Self {
        self.resend = resend;
        self
    }

    /// Sends it and reads the answer as `T`.
    pub(super) async fn json<T: DeserializeOwned>(self) -> Result<T> {
        let bytes = self.persist(async || self.once_whole().await).await?;
        serde_json::from_slice(&bytes).map_err(Error::Unexpected)
    }

    /// Sends it and reads the answer as text.
    pub(super) async fn text(self) -> Result<String> {
        let bytes = self.persist(async || self.once_whole().await).await?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Sends it; a success has nothing to say.
    pub(super) async fn nothing(self) -> Result<()> {
        self.persist(async || self.once_whole().await).await.map(drop)
    }

    /// Sends it and hands out the answer with its body unread.
    pub(super) async fn open(self) -> Result<Response> {
        self.persist(async || self.once().await).await
    }

    /// Sends it for a connection that becomes a websocket; none where the other side knows of no such thing.
    pub(super) async fn upgraded(self) -> Result<Option<Upgraded>> {
        self.persist(async || {
            let wish = Wish::new();
            let response = self.send(wish.headers()).await?;
            wish.check(self.client, response).await
        })
        .await
    }

    async fn persist<T>(&self, attempt: impl AsyncFn() -> Result<T>) -> Result<T> {
        let mut patience = Patience::new(self.client.retry_for);
        loop {
            let error = match attempt().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if !self.may_resend(&error) || !self.wait(&error, &mut patience).await {
                return Err(error);
            }
        }
    }

    /// Waits until sending again makes sense; false when it never will.
    async fn wait(&self, error: &Error, patience: &mut Patience) -> bool {
        while let Some(wait) = patience.wait(error.refusal().and_then(|refusal| refusal.retry_after)) {
            (self.client.observer)(Notice::Retrying { cause: error.to_string(), wait });
            tokio::time::sleep(wait).await;
            if self.key.is_none() || error.is_unsent() {
                return true;
            }
            match self.client.keeps_keys().await {
                Ok(answer) => return answer,
                Err(error) if error.may_pass() => {}
                Err(_) => return false,
            }
        }
        false
    }

    fn may_resend(&self, error: &Error) -> bool {
        match self.resend {
            Resend::Lost => error.may_pass(),
            Resend::Unsent => error.may_pass() && error.is_unsent(),
            Resend::Never => false,
        }
    }

    async fn once_whole(&self) -> Result<Vec<u8>> {
        let response = self.once().await?;
        match response.bytes().await {
            Ok(bytes) => Ok(bytes.into()),
            Err(source) => Err(Error::Lost { origin: self.client.origin(), source }),
        }
    }

    async fn once(&self) -> Result<Response> {
        answer::check(self.client, self.send(header::HeaderMap::new()).await?).await
    }

    async fn send(&self, headers: header::HeaderMap) -> Result<Response> {
        let mut request =
            self.client.http.request(self.method.clone(), self.url.clone()).header(header::ACCEPT, self.accept);
        if let Some(token) = self.client.token.as_ref().filter(|_| !self.anonymous) {
            request = request.header(header::AUTHORIZATION, token.clone());
        }
        if let Some(key) = self.key {
            request = request.header(IDEMPOTENCY_KEY, key.to_string());
        }
        if let Some(body) = &self.body {
            request = request.header(header::CONTENT_TYPE, "application/json").body(body.clone());
        }
        request.headers(headers).send().await.map_err(|source| self.transport(source))
    }

    fn transport(&self, source: reqwest::Error) -> Error {
        let origin = self.client.origin();
        if source.is_connect() || source.is_builder() {
            Error::Unreachable { origin, source }
        } else {
            Error::Lost { origin, source }
        }
    }
}

impl Client {
    /// True when the controller heeds idempotency keys of this user. Original controllers do not, and they have no
    /// `/v2/info` either.
    async fn keeps_keys(&self) -> Result<bool> {
        match self.get(&["info"])?.once_whole().await {
            Ok(_) => Ok(true),
            Err(Error::Refused(refusal)) if refusal.status.is_client_error() => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// `/v2/...` with every segment percent-encoded.
fn versioned(path: &[&str]) -> Result<String> {
    let mut text = String::from("/v2");
    for (place, segment) in path.iter().enumerate() {
        let closing_slash = segment.is_empty() && place + 1 == path.len();
        // URL parsers resolve these, percent-encoded or not: the request would go to another object.
        if (segment.is_empty() && !closing_slash) || matches!(*segment, "." | "..") {
            return Err(Error::Name((*segment).to_owned()));
        }
        text.push('/');
        text.extend(segment.bytes().map(encoded));
    }
    Ok(text)
}

fn encoded(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-._~@+*".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

#[cfg(test)]
mod tests {
    use super::versioned;

    #[test]
    fn paths() {
        assert_eq!(versioned(&["apps", "blog", "perms", "a/b c"]).unwrap(), "/v2/apps/blog/perms/a%2Fb%20c");
        assert_eq!(versioned(&["auth", "login", ""]).unwrap(), "/v2/auth/login/");
        for bad in ["", ".", ".."] {
            assert!(versioned(&["apps", bad, "logs"]).is_err(), "{bad:?}");
        }
    }
}
