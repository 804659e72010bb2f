//! The router as a process of its own: its instances are killed, its control plane stands still or dies, it is told to stop.
//!
//! Each guarantee has one implementation and two sizes: a sample here, and the full one of `scripts/prove`. Those that need
//! no process of their own lie in `router/tests/router/guarantees`.

mod kills;
mod outage;
mod stop;

use anyhow::Result;
use api::routes::AppRoutes;
use tempfile::TempDir;
use tests::{load::Load, router::Router, routes::ControlPlane};

/// A router, and the control plane that it follows.
struct Stage {
    router: Router,
    plane: ControlPlane,
    _folder: TempDir,
}

impl Stage {
    fn set(apps: Vec<AppRoutes>) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("slipway-routing.").tempdir_in("/tmp")?;
        let plane = ControlPlane::start(folder.path())?;
        let version = plane.publish(apps);
        let router = Router::start(&plane, version, folder.path())?;
        Ok(Self { router, plane, _folder: folder })
    }
}

/// How much of it: a sample, or all when `scripts/prove` says so.
fn size<T>(sample: T, full: T) -> T {
    if tests::prove() { full } else { sample }
}

/// Says what happens when, so that failures can be told apart.
fn say(load: &Load, what: &str) {
    tell(&format!("{:?} {what}", load.elapsed()));
}

/// Says what was found.
#[expect(clippy::print_stdout, reason = "the runner shows it when the test fails, and scripts/prove always")]
fn tell(what: &str) {
    println!("{what}");
}
