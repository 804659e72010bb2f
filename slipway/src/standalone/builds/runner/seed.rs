//! The stack image in the registry, once for all apps: their pushes then take its layers over instead of sending them.
//!
//! What `buildah` noted about that push is each app's to begin with. It is made from the stack alone, in a sandbox that no app
//! has ever written to.

use std::{fs, os::unix::fs::chown, path::Path, time::SystemTime};

use anyhow::{Result, ensure};
use uuid::Uuid;

use super::{
    super::{disk, record::Record, settings::Settings},
    gateway,
    log::Log,
    root,
    sandbox::{Ending, SEED, Sandbox},
    watch::Watch,
};

/// The file in which `buildah` notes what lies where.
const NOTES: &str = "blob-info-cache-v1.boltdb";

/// An app that has no notes yet gets those of the stack image.
pub async fn ensure(settings: &Settings, build: Uuid, scratch: &Path, notes: &Path) -> Result<()> {
    let common = settings.builds.join(NOTES);
    let stack = settings.stacks.join("overlay-images/images.json");
    if modified(&common) <= modified(&stack) {
        push(settings, build, scratch, &common).await?;
    }
    let own = notes.join(NOTES);
    if fs::symlink_metadata(&own).is_err() {
        fs::copy(&common, &own)?;
        chown(&own, Some(root::BASE), Some(root::BASE))?;
    }
    Ok(())
}

fn modified(path: &Path) -> SystemTime {
    fs::metadata(path).and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
}

async fn push(settings: &Settings, build: Uuid, scratch: &Path, common: &Path) -> Result<()> {
    let place = scratch.join("seed");
    root::prepare(&place, &[])?;
    root::ensure_store(&place.join("store"))?;
    root::ensure_store(&place.join("blobs"))?;
    let sandbox = Sandbox::new(SEED, build, settings, &place)
        .bind(&place.join("store"), "/store", true)
        .bind(&place.join("blobs"), "/var/lib/containers/cache", true)
        .bind(&settings.stacks, "/stacks", false);
    let mut log = Log::open(&place.join("log"))?;
    let watch =
        Watch::begin(Record::at(place.clone()), vec![place.clone()], settings.limits.disk, super::PUSH_SECONDS)?;
    let connect = async |pid| gateway::open(pid, settings, gateway::STACK).await;
    let ending = sandbox.run(&gateway::push_job(&settings.stack, gateway::STACK), connect, &mut log, watch).await?;
    ensure!(ending == Ending::Exit(Some(0)), "{}", log.last_error().unwrap_or("it was ended"));
    // Whole or not at all: another runner may do the same.
    let draft = common.with_extension(build.simple().to_string());
    fs::copy(place.join("blobs").join(NOTES), &draft)?;
    fs::rename(draft, common)?;
    disk::remove(&place)
}
