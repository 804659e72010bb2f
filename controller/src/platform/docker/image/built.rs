//! An image that a build of ours put into our own registry: fetched as ourselves, and for its own app only.

use api::names::ImageName;

use super::{Shared, keep, obtain, ports};
use crate::platform::{AppRef, Error, ImageRequest, RegistryLogin, ResolvedImage, docker::PrivateRegistry};

pub(super) async fn prepare(shared: &Shared, request: &ImageRequest, reference: &str) -> Result<ResolvedImage, Error> {
    let private = shared.config.private_registry.as_ref().filter(|private| is_of(private, &request.app, reference));
    let (Some(private), Ok(image)) = (private, ImageName::parse(reference)) else {
        return Err(Error::Rejected(format!("{reference} was not built for this app")));
    };
    let own = ImageRequest { app: request.app.clone(), image, login: Some(login(private)), built: None };
    let image = obtain(shared, &own, reference).await?;
    let id = image.id.clone().ok_or(Error::Gone)?;
    keep(shared.engine.client()?, &request.app.uuid, &id).await?;
    Ok(ResolvedImage { reference: reference.to_owned(), ports: ports(&image) })
}

/// Whether the reference is that of an image that was built for `app`.
pub(in super::super) fn is_built(shared: &Shared, app: &AppRef, reference: &str) -> bool {
    shared.config.private_registry.as_ref().is_some_and(|private| is_of(private, app, reference))
}

fn is_of(private: &PrivateRegistry, app: &AppRef, reference: &str) -> bool {
    let repository = format!("{}/app-{}@sha256:", private.address, app.uuid.simple());
    reference.starts_with(&repository)
}

fn login(private: &PrivateRegistry) -> RegistryLogin {
    RegistryLogin { username: private.username.clone(), password: private.password.clone(), hostname: None }
}
