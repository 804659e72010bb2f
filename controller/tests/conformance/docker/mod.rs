//! The test images on a real engine, and what Docker alone must show.

mod builds;
mod cleanup;
mod engine;
mod images;
mod isolation;
mod registry;
mod sessions;

use std::{env, sync::Arc};

use bollard::{API_DEFAULT_VERSION, Docker as Engine};
use controller::platform::docker::{Config, Docker, PrivateRegistry};
use tokio::sync::OnceCell;

use self::{builds::Builds, cleanup::Guard};
use crate::bench::{Bench, app};

const SOCKET: &str = "/var/run/docker.sock";
const SKIP: &str = "SLIPWAY_TEST_SKIP_DOCKER";

static BUILT: OnceCell<()> = OnceCell::const_new();

/// A bench of its own; nothing when the Docker half is not wanted.
pub async fn bench() -> Option<Bench> {
    bench_with(|config| config).await
}

/// The same with another configuration.
async fn bench_with(change: impl FnOnce(Config) -> Config) -> Option<Bench> {
    let (config, app, builds) = (config().await?, app(), Builds::start());
    let registry = PrivateRegistry {
        address: "127.0.0.1:5999".parse().unwrap(),
        username: "slipway".to_owned(),
        password: "secret".to_owned(),
    };
    let config = change(Config { builds_socket: Some(builds.socket()), private_registry: Some(registry), ..config });
    let guard = Guard { installation: config.installation, app: app.uuid };
    Some(Bench::new(app, Arc::new(Docker::connect(config)), images::PREFIX, (guard, builds)))
}

/// An installation of its own on an engine that has the test images.
async fn config() -> Option<Config> {
    if env::var(SKIP).is_ok_and(|skip| skip == "1") {
        eprintln!("skipped: {SKIP}=1");
        return None;
    }
    BUILT
        .get_or_init(|| async {
            cleanup::remove_dead().await;
            images::build_missing().await;
        })
        .await;
    Some(Config { socket: SOCKET.into(), ..Config::new(cleanup::installation()) })
}

fn engine() -> Engine {
    Engine::connect_with_unix(SOCKET, 60, API_DEFAULT_VERSION).unwrap_or_else(|error| {
        panic!("these tests need a Docker Engine at {SOCKET} ({error}); {SKIP}=1 leaves them out")
    })
}
