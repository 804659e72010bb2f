//! The container of an app, found by the app's identity: another platform on this machine, or what a killed run has left,
//! may have an app of the same name.

use std::{net::IpAddr, process::Command};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{program, user::User};

/// The identity of an app of `user`.
pub fn uuid(user: &User, app: &str) -> Result<String> {
    let info: Value = serde_json::from_str(&user.does(&["info", "--json", "-a", app])?)?;
    Ok(info["uuid"].as_str().with_context(|| format!("{app} has no uuid in {info}"))?.to_owned())
}

/// Names of all that the machine's engine has of an app: containers, whatever they do, and networks.
pub fn everything_of(uuid: &str) -> Result<Vec<String>> {
    let filter = format!("label=io.slipway.app={uuid}");
    let docker = |words: &[&str]| program::output(Command::new("docker").args(words).args(["--filter", &filter]));
    let containers = docker(&["ps", "--all", "--format", "{{.Names}}"])?;
    let networks = docker(&["network", "ls", "--format", "{{.Name}}"])?;
    Ok(containers.lines().chain(networks.lines()).map(str::to_owned).collect())
}

/// The id of the one container that runs for an app of `user`, on the machine's engine.
pub fn id(user: &User, app: &str) -> Result<String> {
    let filter = format!("label=io.slipway.app={}", uuid(user, app)?);
    let listed = program::output(Command::new("docker").args(["ps", "--quiet", "--filter", &filter]))?;
    match listed.lines().collect::<Vec<_>>()[..] {
        [id] => Ok(id.to_owned()),
        _ => anyhow::bail!("{app} has not one container: {listed:?}"),
    }
}

/// Its address in the network of the app.
pub fn address(user: &User, app: &str) -> Result<IpAddr> {
    let address = inspect("{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", &id(user, app)?)?;
    address.parse().with_context(|| format!("{app}: {address}"))
}

/// The id of its image.
pub fn image(user: &User, app: &str) -> Result<String> {
    inspect("{{.Image}}", &id(user, app)?)
}

/// What the engine knows of a container or an image, in a format of `docker inspect`.
pub fn inspect(format: &str, of: &str) -> Result<String> {
    let said = program::output(Command::new("docker").args(["inspect", "--format", format, of]))?;
    Ok(said.trim().to_owned())
}
