//! Instances, which Deis called pods.

use super::{Client, Result};
use crate::{
    names::AppName,
    types::{Pod, PodList},
};

/// What to restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Every instance of the app.
    All,
    /// Every instance of a process type.
    Type(String),
    /// One instance.
    Pod {
        /// Its process type.
        process_type: String,
        /// Its name; the app's name in front may be missing.
        name: String,
    },
}

/// The instances of an app.
pub async fn list(client: &Client, app: &AppName, limit: Option<u32>) -> Result<PodList> {
    client.get(&["apps", app.as_str(), "pods"])?.query("limit", limit).json().await
}

/// Replaces instances; answers the new ones.
pub async fn restart(client: &Client, app: &AppName, target: &Target) -> Result<Vec<Pod>> {
    let mut path = vec!["apps", app.as_str(), "pods"];
    match target {
        Target::All => {}
        Target::Type(process_type) => path.push(process_type),
        Target::Pod { process_type, name } => path.extend([process_type.as_str(), name]),
    }
    path.push("restart");
    client.post(&path)?.json().await
}
