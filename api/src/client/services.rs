//! Process types that answer some paths of their app.

use super::{Client, Result};
use crate::{
    names::{AppName, PathPattern, ProcessType},
    types::{RemoveService, Service, Services, SetService},
};

/// The services of an app.
pub async fn list(client: &Client, app: &AppName) -> Result<Vec<Service>> {
    let Services { services } = client.get(&["apps", app.as_str(), "services"])?.json().await?;
    Ok(services)
}

/// Gives a process type its paths.
pub async fn set(client: &Client, app: &AppName, procfile_type: ProcessType, path_pattern: PathPattern) -> Result<()> {
    let service = SetService { procfile_type, path_pattern };
    client.post(&["apps", app.as_str(), "services"])?.body(&service)?.nothing().await
}

/// Takes its paths away.
pub async fn remove(client: &Client, app: &AppName, procfile_type: ProcessType) -> Result<()> {
    client.delete(&["apps", app.as_str(), "services"])?.body(&RemoveService { procfile_type })?.nothing().await
}
