//! Images that a registry has: Debian's `docker-registry` on loopback, with a login.

use std::{
    fs,
    net::TcpListener,
    process::{Child, Command, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bollard::query_parameters::TagImageOptionsBuilder;
use controller::platform::{
    Action, Error, ImageRequest, Readiness, RegistryLogin, ResolvedImage,
    docker::{Config, PrivateRegistry},
};
use tempfile::{TempDir, tempdir};
use tokio::net::TcpStream;

use super::{
    bench, bench_with,
    cleanup::{self, remove_names},
    engine, images,
};
use crate::bench::{Bench, eventually};

const USER: &str = "ana";
/// In base64 this has both digits that base64url writes differently.
const PASSWORD: &str = "~~~???>>>secret";
const HTPASSWD: &str = "ana:$2b$04$yT9j5R9oSRF/YK8yWoHrmeA/5d2MLnbVPZpOgkr.wcOLXeQSBvjmu\n";

/// A registry that is gone, with what the engine had from it, when the test ends.
struct Registry {
    port: u16,
    process: Child,
    folder: TempDir,
}

impl Registry {
    async fn start() -> Self {
        let folder = tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let path = |name: &str| folder.path().join(name).display().to_string();
        fs::write(path("htpasswd"), HTPASSWD).unwrap();
        let config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\n\
             http: {{addr: '127.0.0.1:{port}'}}\nauth: {{htpasswd: {{realm: test, path: {}}}}}\n",
            path("storage"),
            path("htpasswd"),
        );
        fs::write(path("config.yml"), config).unwrap();
        let auth = STANDARD.encode(format!("{USER}:{PASSWORD}"));
        let client = serde_json::json!({"auths": {format!("127.0.0.1:{port}"): {"auth": auth}}});
        fs::write(path("config.json"), client.to_string()).unwrap();
        let mut command = Command::new("docker-registry");
        command.args(["serve", &path("config.yml")]).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().expect("apt install docker-registry");
        let registry = Self { port, process, folder };
        eventually(async || TcpStream::connect(("127.0.0.1", port)).await.is_ok(), |open| *open).await;
        registry
    }

    fn name(&self, name: &str) -> String {
        format!("127.0.0.1:{}/{name}", self.port)
    }

    /// Builds an image that nobody else has, pushes it and removes it from the engine.
    async fn push(&self, name: &str) {
        self.push_and_keep(name).await;
        remove_names(&engine(), &self.name(name)).await;
        remove_names(&engine(), &format!("{}{}", images::PREFIX, self.own(name))).await;
    }

    /// Builds an image that nobody else has and pushes it, with Docker's own client.
    async fn push_and_keep(&self, name: &str) {
        let own = self.own(name);
        let unique = uuid::Uuid::new_v4();
        let recipe = format!("FROM {}serves\nLABEL {}={unique}\n", images::PREFIX, images::RECIPE);
        images::build(&[(&own, recipe)]);
        let tag = TagImageOptionsBuilder::new().repo(&self.name(name)).tag("latest").build();
        engine().tag_image(&format!("{}{own}", images::PREFIX), Some(tag)).await.unwrap();
        let mut command = Command::new("docker");
        command.arg("--config").arg(self.folder.path()).args(["push", "--quiet", &self.name(name)]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn own(&self, name: &str) -> String {
        format!("registry-{}-{name}", self.port)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let repositories = [self.name("*"), format!("{}{}", images::PREFIX, self.own("*"))];
        cleanup::now(async move {
            for repository in repositories {
                remove_names(&engine(), &repository).await;
            }
        });
    }
}

fn login(password: &str) -> RegistryLogin {
    RegistryLogin { username: USER.to_owned(), password: password.to_owned(), hostname: None }
}

/// Prepares an image with the right login.
async fn prepare(bench: &Bench, image: &str) -> Result<ResolvedImage, Error> {
    prepare_with(bench, image, Some(login(PASSWORD))).await
}

async fn prepare_with(bench: &Bench, image: &str, login: Option<RegistryLogin>) -> Result<ResolvedImage, Error> {
    let request = ImageRequest { app: bench.app.clone(), image: image.parse().unwrap(), login, built: None };
    bench.platform.prepare_image(&request).await
}

async fn refusal(bench: &Bench, image: &str, login: Option<RegistryLogin>) -> String {
    match prepare_with(bench, image, login).await {
        Err(Error::Rejected(text)) => text,
        other => panic!("{other:?}"),
    }
}

async fn is_there(name: &str) -> bool {
    engine().inspect_image(name).await.is_ok()
}

#[tokio::test]
async fn an_image_is_pulled_by_digest_and_runs() {
    let Some(bench) = bench().await else { return };
    let registry = Registry::start().await;
    registry.push("blog").await;
    let name = registry.name("blog");
    let image = prepare(&bench, &name).await.unwrap();
    assert!(image.reference.starts_with(&format!("{name}@sha256:")), "{image:?}");
    assert_eq!(image.ports, [8080]);
    let mut spec = bench.spec("serves").await;
    spec.container.image.clone_from(&image.reference);
    let id = bench.start(&spec).await;
    bench.until(&id, |instance| instance.readiness == Readiness::Ready).await;
}

/// What one app has pulled is no gift to the next.
#[tokio::test]
async fn every_app_is_asked_for_its_own_login() {
    let (Some(first), Some(second)) = (bench().await, bench().await) else { return };
    let registry = Registry::start().await;
    registry.push("blog").await;
    let name = registry.name("blog");
    let image = prepare(&first, &name).await.unwrap();
    let denied = format!("Permission Denied attempting to pull image {name}:latest");
    assert_eq!(refusal(&second, &name, None).await, denied);
    let by_digest = format!("Permission Denied attempting to pull image {}", image.reference);
    assert_eq!(refusal(&second, &image.reference, None).await, by_digest);
    let wrong = format!("Could not log into {name} with username {USER}");
    assert_eq!(refusal(&second, &name, Some(login("wrong"))).await, wrong);
    assert_eq!(prepare(&second, &name).await.unwrap(), image);
}

/// The operator has built and pushed it here: the engine has it under two names, and a registry knows it.
#[tokio::test]
async fn another_name_does_not_spare_the_question() {
    let Some(bench) = bench().await else { return };
    let registry = Registry::start().await;
    registry.push_and_keep("blog").await;
    let local = format!("{}{}", images::PREFIX, registry.own("blog"));
    refusal(&bench, &local, None).await;
    let login = RegistryLogin { hostname: Some(format!("127.0.0.1:{}", registry.port)), ..login(PASSWORD) };
    let image = prepare_with(&bench, &local, Some(login)).await.unwrap();
    assert!(image.reference.starts_with(&format!("{}@sha256:", registry.name("blog"))), "{image:?}");
}

#[tokio::test]
async fn a_moved_tag_is_a_new_image() {
    let Some(bench) = bench().await else { return };
    let registry = Registry::start().await;
    registry.push_and_keep("blog").await;
    let name = registry.name("blog");
    let first = prepare(&bench, &name).await.unwrap();
    assert_eq!(prepare(&bench, &name).await.unwrap(), first);
    registry.push("blog").await;
    assert_ne!(prepare(&bench, &name).await.unwrap().reference, first.reference);
    assert_eq!(prepare(&bench, &first.reference).await.unwrap(), first, "it can still be asked for");
}

#[tokio::test]
async fn what_cannot_be_had_is_said_in_words() {
    let Some(bench) = bench().await else { return };
    let registry = Registry::start().await;
    let name = registry.name("nosuch");
    assert_eq!(refusal(&bench, &name, Some(login(PASSWORD))).await, format!("image {name}:latest not found"));
    registry.push("blog").await;
    let tag = format!("{}:v7", registry.name("blog"));
    assert_eq!(refusal(&bench, &tag, Some(login(PASSWORD))).await, format!("image {tag} not found"));
    let closed = refusal(&bench, "127.0.0.1:9/blog", None).await;
    assert!(closed.starts_with("image 127.0.0.1:9/blog:latest is not on this machine"), "{closed}");
    assert!(closed.contains("connection refused"), "{closed}");
}

#[tokio::test]
async fn our_own_names_are_refused() {
    let Some(bench) = bench().await else { return };
    bench.image("serves").await.unwrap();
    let tag = format!("slipway/{}", bench.app.uuid.simple());
    for name in [tag.as_str(), "docker.io/slipway/x", "127.0.0.1:5999/x", "localhost:5999/x", "127.1:5999/x"] {
        assert_eq!(refusal(&bench, name, None).await, format!("{name} is a name that Slipway keeps for itself"));
    }
}

#[tokio::test]
async fn an_image_leaves_with_the_last_app_that_needs_it() {
    let (Some(first), Some(second)) = (bench().await, bench().await) else { return };
    let registry = Registry::start().await;
    registry.push("blog").await;
    let name = registry.name("blog");
    let image = prepare(&first, &name).await.unwrap();
    prepare(&second, &name).await.unwrap();
    let forget = Action::ForgetImage { reference: image.reference.clone() };

    let mut spec = first.spec("idles").await;
    spec.container.image.clone_from(&image.reference);
    let id = first.start(&spec).await;
    second.apply(forget.clone()).await.unwrap();
    first.apply(forget.clone()).await.unwrap();
    assert!(is_there(&image.reference).await, "something runs it");

    first.kill(&id).await;
    first.until_ended(&id).await;
    first.remove(&id).await.unwrap();
    first.apply(forget.clone()).await.unwrap();
    assert!(!is_there(&image.reference).await);
    first.apply(forget).await.unwrap();
}

/// What the operator has built here stays, because nobody could get it back.
#[tokio::test]
async fn a_local_image_is_kept_by_a_tag_of_ours() {
    let Some(bench) = bench().await else { return };
    let image = bench.image("serves").await.unwrap();
    assert!(image.reference.starts_with("sha256:"), "{image:?}");
    let tag = format!("slipway/{}:{}", bench.app.uuid.simple(), &image.reference[7..19]);
    assert!(is_there(&tag).await);
    bench.apply(Action::ForgetImage { reference: image.reference.clone() }).await.unwrap();
    assert!(!is_there(&tag).await);
    assert!(is_there(&image.reference).await);
}

/// What a build of ours pushed is fetched as ourselves, whatever login the app has, and runs.
#[tokio::test]
async fn what_was_built_runs_in_its_own_app_only() {
    let registry = Registry::start().await;
    let private = PrivateRegistry {
        address: format!("127.0.0.1:{}", registry.port).parse().unwrap(),
        username: USER.to_owned(),
        password: PASSWORD.to_owned(),
    };
    let ours = |config| Config { private_registry: Some(private.clone()), ..config };
    let (Some(first), Some(second)) = (bench_with(ours).await, bench_with(ours).await) else { return };
    let repository = format!("app-{}", first.app.uuid.simple());
    registry.push_and_keep(&repository).await;
    let found = engine().inspect_image(&registry.name(&repository)).await.unwrap();
    let reference = found.repo_digests.unwrap().into_iter().find(|name| name.contains("/app-")).unwrap();
    remove_names(&engine(), &registry.name(&repository)).await;
    let request = |bench: &Bench| ImageRequest {
        app: bench.app.clone(),
        image: "blog:git-aaaaaaaa".parse().unwrap(),
        login: Some(login("wrong")),
        built: Some(reference.clone()),
    };
    let image = first.platform.prepare_image(&request(&first)).await.unwrap();
    assert_eq!((image.reference.as_str(), image.ports.as_slice()), (reference.as_str(), &[8080][..]));
    let mut spec = first.spec("serves").await;
    spec.container.image.clone_from(&image.reference);
    let id = first.start(&spec).await;
    first.until(&id, |instance| instance.readiness == Readiness::Ready).await;

    let refused = format!("{reference} was not built for this app");
    match second.platform.prepare_image(&request(&second)).await {
        Err(Error::Rejected(text)) => assert_eq!(text, refused),
        other => panic!("{other:?}"),
    }
    assert_eq!(refusal(&first, &reference, None).await, format!("{reference} is a name that Slipway keeps for itself"));
}
