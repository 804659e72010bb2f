//! Asks an image's registry, with the app's own login, which digest the image has and whether the app may have it.

use api::names::ImageName;
use bollard::{auth::DockerCredentials, models::DistributionInspect};
use tokio::time::timeout;

use super::{
    Shared,
    refuse::familiar,
    words::{ASK, Asked},
};
use crate::platform::{Error, ImageRequest};

/// Answers `repository@digest` for the image as its registry has it now. `digests` are those by which the engine
/// knows the image of that name already.
pub(super) async fn registries(shared: &Shared, request: &ImageRequest, digests: &[String]) -> Result<String, Error> {
    let repository = request.image.repository();
    let elsewhere = |digest: &&String| familiar(digest) != familiar(repository);
    if digests.is_empty() || !digests.iter().all(|digest| elsewhere(&digest)) {
        let digest = registry(shared, request, &request.image.with_tag()).await?;
        return Ok(format!("{repository}@{digest}"));
    }
    // The operator has given an image of another registry this name; that other registry must say yes.
    let mut refusal = Error::Gone;
    for exact in digests {
        match registry(shared, request, exact).await {
            Ok(_) => return Ok(exact.clone()),
            Err(error) => refusal = error,
        }
    }
    Err(refusal)
}

/// The login to send for the image asked for.
pub(super) fn login(request: &ImageRequest) -> Option<DockerCredentials> {
    login_for(request, request.image.as_str())
}

async fn registry(shared: &Shared, request: &ImageRequest, name: &str) -> Result<String, Error> {
    let asked = Asked::new(request);
    let answer = shared.engine.client()?.inspect_registry_image(name, login_for(request, name));
    let DistributionInspect { descriptor, .. } =
        timeout(ASK, answer).await.map_err(|_| asked.timed_out())?.map_err(|error| asked.refused(error))?;
    descriptor.digest.ok_or_else(|| asked.not_found())
}

/// A login goes to its own registry only: the one it names, else the one of the image that the user asked for.
fn login_for(request: &ImageRequest, name: &str) -> Option<DockerCredentials> {
    let login = request.login.as_ref()?;
    let target = ImageName::parse(name).ok()?;
    let wanted = login.hostname.as_deref().or(request.image.registry());
    (host(target.registry()) == host(wanted)).then(|| DockerCredentials {
        username: Some(login.username.clone()),
        password: Some(login.password.clone()),
        serveraddress: target.registry().map(str::to_owned),
        ..DockerCredentials::default()
    })
}

/// A registry in one spelling; Docker Hub has several.
fn host(registry: Option<&str>) -> String {
    let text = registry.unwrap_or_default().trim_start_matches("https://").trim_end_matches("/v1/");
    match text.trim_end_matches('/') {
        "" | "docker.io" | "index.docker.io" | "registry-1.docker.io" => String::new(),
        other => other.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::login_for;
    use crate::platform::{AppRef, ImageRequest, RegistryLogin};

    fn request(image: &str, hostname: Option<&str>) -> ImageRequest {
        ImageRequest {
            app: AppRef { uuid: Uuid::nil(), platform_name: "blog".parse().unwrap() },
            image: image.parse().unwrap(),
            login: Some(RegistryLogin {
                username: "ana".to_owned(),
                password: "secret".to_owned(),
                hostname: hostname.map(str::to_owned),
            }),
            built: None,
        }
    }

    #[test]
    fn a_login_goes_to_its_own_registry_only() {
        for (image, hostname, sent) in [
            ("registry.example/blog", None, true),
            ("registry.example/blog", Some("registry.example"), true),
            ("registry.example/blog", Some("https://registry.example/"), true),
            ("registry.example/blog", Some("other.example"), false),
            ("blog", Some("https://index.docker.io/v1/"), true),
            ("blog", Some("registry.example"), false),
        ] {
            assert_eq!(login_for(&request(image, hostname), image).is_some(), sent, "{image} {hostname:?}");
        }
        assert!(login_for(&request("registry.example/blog", None), "other.example/blog").is_none());
    }
}
