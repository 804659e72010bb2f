//! A clean engine after each test, and before the first.

use std::path::Path;

use bollard::{
    Docker as Engine,
    models::ContainerSummary,
    query_parameters::{
        ListContainersOptionsBuilder, ListImagesOptionsBuilder, ListNetworksOptionsBuilder,
        RemoveContainerOptionsBuilder, RemoveImageOptionsBuilder,
    },
};
use uuid::Uuid;

use super::engine;

const INSTALLATION: &str = "io.slipway.installation";

/// The first group of every test's installation; the second and third are the process's id.
const TESTS: u32 = 0x7e57_7e57;

/// An installation that is told by its uuid to belong to this process.
pub fn installation() -> Uuid {
    let pid = std::process::id();
    let (high, low) = ((pid >> 16) as u16, (pid & 0xffff) as u16);
    let random = Uuid::new_v4().into_bytes();
    Uuid::from_fields(TESTS, high, low, random[8..].try_into().unwrap())
}

/// Removes everything of an installation and its app, on failure too.
pub struct Guard {
    pub installation: Uuid,
    pub app: Uuid,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let (installation, app) = (self.installation, self.app);
        now(async move {
            remove(&engine(), &installation.to_string()).await;
            untag(&engine(), app).await;
        });
    }
}

/// Waits for `work` on a runtime of its own, because a test's own cannot wait while it drops things.
pub fn now(work: impl Future<Output = ()> + Send + 'static) {
    let waiting = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(work);
    });
    waiting.join().unwrap();
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
    remove_names(engine, &format!("slipway/{}", app.simple())).await;
}

/// Removes every tag and digest of a repository, which may end in `*`.
pub async fn remove_names(engine: &Engine, repository: &str) {
    let filter = [("reference", vec![repository])].into();
    let options = ListImagesOptionsBuilder::new().filters(&filter).build();
    for image in engine.list_images(Some(options)).await.unwrap() {
        let beginning = repository.trim_end_matches('*');
        let names = image.repo_tags.iter().chain(&image.repo_digests);
        for name in names.filter(|name| name.starts_with(beginning)) {
            let _ = engine.remove_image(name, Some(RemoveImageOptionsBuilder::new().build()), None).await;
        }
    }
}

/// Removes what test runs have left that were killed.
pub async fn remove_dead() {
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
