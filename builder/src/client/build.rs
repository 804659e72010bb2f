//! Handing over a source: a tar, passed on as it is made.

use std::{fmt::Write, time::Duration};

use api::push::{BUILDS_PATH, StartBuild, Started};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http::{Request, header};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};

use super::{Controller, Error};

/// How long the whole hand-over may take: the disk is local.
const PATIENCE: Duration = Duration::from_mins(10);

/// A source on its way: when it ends with an error, nothing is begun.
pub(crate) trait Source: Stream<Item = anyhow::Result<Bytes>> + Send + 'static {}

impl<S: Stream<Item = anyhow::Result<Bytes>> + Send + 'static> Source for S {}

impl Controller {
    /// Begins a build of `source`.
    pub async fn start(&self, build: &StartBuild, source: impl Source) -> Result<Started, Error> {
        let request =
            Request::post(format!("{BUILDS_PATH}?{}", query(build))).header(header::CONTENT_TYPE, "application/x-tar");
        let body = StreamBody::new(source.map(|chunk| chunk.map(Frame::data))).boxed_unsync();
        self.call(request, body, PATIENCE).await
    }
}

fn query(build: &StartBuild) -> String {
    let StartBuild { app, holder, public, sha, dockerfile, procfile } = build;
    let public = escape(public);
    format!("app={app}&holder={holder}&public={public}&sha={sha}&dockerfile={dockerfile}&procfile={procfile}")
}

fn escape(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_the_query() {
        assert_eq!(escape("ssh-ed25519 AA+/="), "ssh%2Ded25519%20AA%2B%2F%3D");
    }
}
