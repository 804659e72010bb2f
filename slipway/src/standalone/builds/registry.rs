//! The private registry, asked by the supervisor: images that are needed no more.

use anyhow::{Context, Result, bail, ensure};
use http_body_util::Empty;
use hyper::{
    Request, StatusCode,
    body::Bytes,
    header::{AUTHORIZATION, HOST},
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use uuid::Uuid;

use super::{
    disk, garbage,
    settings::{Credential, Settings},
};

/// Removes an image of an app. One that is gone is no error.
pub async fn forget(settings: &Settings, app: Uuid, reference: &str) -> Result<()> {
    let repository = Settings::repository(app);
    let start = format!("{}/{repository}@", settings.registry);
    let digest = reference.strip_prefix(&start).filter(|digest| is_digest(digest));
    let digest = digest.with_context(|| format!("{reference} is no image of this app in the private registry"))?;
    garbage::note(settings)?;
    let status = delete(settings, &format!("/v2/{repository}/manifests/{digest}")).await?;
    match status {
        StatusCode::ACCEPTED | StatusCode::NOT_FOUND | StatusCode::OK => Ok(()),
        StatusCode::METHOD_NOT_ALLOWED => bail!("the private registry does not allow to delete"),
        status => bail!("the private registry answered {status}"),
    }
}

async fn delete(settings: &Settings, path: &str) -> Result<StatusCode> {
    let stream = TcpStream::connect(settings.registry).await.context("the private registry does not answer")?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let request = Request::delete(path)
        .header(HOST, settings.registry.to_string())
        .header(AUTHORIZATION, basic(&settings.credential))
        .body(Empty::<Bytes>::new())?;
    Ok(sender.send_request(request).await?.status())
}

/// Removes everything of an app. Its layers go when garbage is collected.
pub fn forget_repository(settings: &Settings, app: Uuid) -> Result<()> {
    let repositories = settings.registry_data.join("docker/registry/v2/repositories");
    let repository = repositories.join(Settings::repository(app));
    if repository.exists() {
        garbage::note(settings)?;
    }
    disk::remove(&repository)
}

/// `sha256:` and 64 hexadecimal digits.
pub fn is_digest(text: &str) -> bool {
    let digits = text.strip_prefix("sha256:").unwrap_or_default();
    digits.len() == 64 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The value of a header for a login.
pub fn basic(credential: &Credential) -> String {
    format!("Basic {}", base64(format!("{}:{}", credential.user, credential.password).as_bytes()))
}

/// Standard base64; one header is no reason for a dependency.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let number = group.iter().fold(0_usize, |sum, byte| (sum << 8) | usize::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let letter = char::from(LETTERS[(number >> (18 - 6 * place)) & 63]);
            text.push(if place <= group.len() { letter } else { '=' });
        }
    }
    text
}

/// The digest in a file that a sandbox wrote.
pub fn digest(text: &str) -> Result<&str> {
    let digest = text.trim();
    ensure!(is_digest(digest), "the registry gave no digest for the image");
    Ok(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins() {
        assert_eq!(
            ["", "a", "ab", "abc", "user:pass"].map(|text| base64(text.as_bytes())),
            ["", "YQ==", "YWI=", "YWJj", "dXNlcjpwYXNz"]
        );
    }

    #[test]
    fn digests() {
        assert!(is_digest(&format!("sha256:{}", "0a".repeat(32))));
        for bad in ["", "sha256:", "sha512:00", &format!("sha256:{}", "0A".repeat(32)), &"0a".repeat(32)] {
            assert!(!is_digest(bad), "{bad}");
        }
    }
}
