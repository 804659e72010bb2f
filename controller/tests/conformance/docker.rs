//! The test images on a real engine, and a clean engine after each test.

use std::{env, fs, path::Path, process::Command, sync::Arc};

use bollard::{
    API_DEFAULT_VERSION, Docker as Engine,
    models::ContainerSummary,
    query_parameters::{
        ListContainersOptionsBuilder, ListImagesOptionsBuilder, ListNetworksOptionsBuilder,
        RemoveContainerOptionsBuilder, RemoveImageOptionsBuilder,
    },
};
use controller::platform::docker::{Config, Docker};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::bench::{Bench, app};

const SOCKET: &str = "/var/run/docker.sock";
const SKIP: &str = "SLIPWAY_TEST_SKIP_DOCKER";
const IMAGES: &str = "slipway-test/";
/// The label by which the test images are found: `docker image prune --all --filter label=io.slipway.test`.
const RECIPE: &str = "io.slipway.test";
const INSTALLATION: &str = "io.slipway.installation";

/// The first group of every test's installation; the second and third are the process's id.
const TESTS: u32 = 0x7e57_7e57;

/// What the engine serves as the images: one file system, and a command for each behaviour.
const BEHAVIOURS: [(&str, &[&str]); 8] = [
    ("serves", &["EXPOSE 8080", r#"CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]"#]),
    ("closes", &["EXPOSE 8080", r#"CMD ["sh", "-c", "httpd -f -p 8080 -h /www & sleep 2; kill $!; sleep 3600"]"#]),
    ("stubborn", &["EXPOSE 8080", r#"CMD ["sh", "-c", "trap '' TERM; httpd -f -p 8080 -h /www"]"#]),
    ("deaf", &["EXPOSE 8080", r#"CMD ["sleep", "3600"]"#]),
    ("idles", &[r#"CMD ["sleep", "3600"]"#]),
    ("talks", &[r#"CMD ["sh", "-c", "i=0; while :; do echo line $i; i=$((i+1)); sleep 0.02; done"]"#]),
    ("exits", &[r#"CMD ["sh", "-c", "echo first; echo last >&2; exit 3"]"#]),
    ("hungry", &[r#"CMD ["sh", "-c", "exec tail /dev/zero"]"#]),
];

const BASE: &str = r#"
FROM scratch
COPY busybox bash /bin/
RUN ["/bin/busybox", "--install", "-s", "/bin"]
COPY index.html /www/
"#;

static BUILT: OnceCell<()> = OnceCell::const_new();

/// A bench of its own; nothing when the Docker half is not wanted.
pub async fn bench() -> Option<Bench> {
    let config = config().await?;
    let app = app();
    let guard = Guard { installation: config.installation, app: app.uuid };
    Some(Bench::new(app, Arc::new(Docker::connect(config)), IMAGES, guard))
}

/// The same with another configuration.
pub async fn config() -> Option<Config> {
    if env::var(SKIP).is_ok_and(|skip| skip == "1") {
        eprintln!("skipped: {SKIP}=1");
        return None;
    }
    BUILT
        .get_or_init(|| async {
            remove_dead().await;
            build_missing().await;
        })
        .await;
    let pid = std::process::id();
    let (high, low) = ((pid >> 16) as u16, (pid & 0xffff) as u16);
    let random = Uuid::new_v4().into_bytes();
    let installation = Uuid::from_fields(TESTS, high, low, random[8..].try_into().unwrap());
    Some(Config { socket: SOCKET.into(), ..Config::new(installation) })
}

pub fn engine() -> Engine {
    Engine::connect_with_unix(SOCKET, 60, API_DEFAULT_VERSION).unwrap_or_else(|error| {
        panic!("these tests need a Docker Engine at {SOCKET} ({error}); {SKIP}=1 leaves them out")
    })
}

/// Removes everything of an installation and its app, on failure too.
pub struct Guard {
    pub installation: Uuid,
    pub app: Uuid,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let (installation, app) = (self.installation, self.app);
        // The test's own runtime cannot wait here.
        let cleaned = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                remove(&engine(), &installation.to_string()).await;
                untag(&engine(), app).await;
            });
        });
        cleaned.join().unwrap();
    }
}

async fn remove(engine: &Engine, installation: &str) {
    let filter = [("label", vec![format!("{INSTALLATION}={installation}")])].into();
    let options = ListContainersOptionsBuilder::new().all(true).filters(&filter).build();
    for container in engine.list_containers(Some(options)).await.unwrap() {
        remove_container(engine, &container).await;
    }
    let options = ListNetworksOptionsBuilder::new().filters(&filter).build();
    for network in engine.list_networks(Some(options)).await.unwrap() {
        let _ = engine.remove_network(&network.id.unwrap()).await;
    }
}

async fn remove_container(engine: &Engine, container: &ContainerSummary) {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    let _ = engine.remove_container(container.id.as_ref().unwrap(), Some(options)).await;
}

async fn untag(engine: &Engine, app: Uuid) {
    let repository = format!("slipway/{}", app.simple());
    let filter = [("reference", vec![repository])].into();
    let options = ListImagesOptionsBuilder::new().filters(&filter).build();
    for image in engine.list_images(Some(options)).await.unwrap() {
        for tag in image.repo_tags.iter().filter(|tag| tag.starts_with("slipway/")) {
            let _ = engine.remove_image(tag, Some(RemoveImageOptionsBuilder::new().build()), None).await;
        }
    }
}

/// Removes what test runs have left that were killed.
async fn remove_dead() {
    let engine = engine();
    let filter = [("label", vec![INSTALLATION])].into();
    let options = ListNetworksOptionsBuilder::new().filters(&filter).build();
    for network in engine.list_networks(Some(options)).await.unwrap() {
        let installation = network.labels.unwrap_or_default()[INSTALLATION].clone();
        let (tests, high, low, _) = installation.parse::<Uuid>().unwrap().as_fields().to_owned();
        let pid = (u32::from(high) << 16) | u32::from(low);
        if tests == TESTS && !Path::new(&format!("/proc/{pid}")).exists() {
            remove(&engine, &installation).await;
        }
    }
}

/// Builds the images that the engine does not have yet. They stay there for the next tests.
async fn build_missing() {
    let engine = engine();
    let mut missing = Vec::new();
    for (name, lines) in BEHAVIOURS {
        let dockerfile = format!("{BASE}{}\n", lines.join("\n"));
        // A label of its own makes sure that an image of an older form is built again.
        let recipe = hex::encode(Sha256::digest(&dockerfile));
        let image = engine.inspect_image(&format!("{IMAGES}{name}")).await.ok();
        let labels = image.and_then(|image| image.config?.labels).unwrap_or_default();
        if labels.get(RECIPE) != Some(&recipe) {
            missing.push((name, format!("{dockerfile}LABEL {RECIPE}={recipe}\n")));
        }
    }
    if !missing.is_empty() {
        build(&missing);
    }
}

fn build(missing: &[(&str, String)]) {
    let folder = tempfile::tempdir().unwrap();
    for (package, from, to) in
        [("busybox-static", "/bin/busybox", "busybox"), ("bash-static", "/bin/bash-static", "bash")]
    {
        fs::copy(from, folder.path().join(to))
            .unwrap_or_else(|error| panic!("apt install {package} ({from}: {error})"));
    }
    fs::write(folder.path().join("index.html"), "ok\n").unwrap();
    for (name, dockerfile) in missing {
        fs::write(folder.path().join("Dockerfile"), dockerfile).unwrap();
        let tag = format!("{IMAGES}{name}");
        let mut build = Command::new("docker");
        build.args(["build", "--quiet", "--tag", &tag, "."]).current_dir(folder.path()).env("DOCKER_BUILDKIT", "0");
        let output = build.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
