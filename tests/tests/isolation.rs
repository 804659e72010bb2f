//! What an app can reach: its own instances and the world, but nobody else's and nothing of the machine.

use std::{net::TcpListener, process::Command};

use anyhow::{Context, Result, ensure};
use tests::{container, image::Image, machine, program, standalone::Standalone, user::User};

/// Where clouds keep the credentials of a machine.
const METADATA: &str = "169.254.169.254";

/// Gives this machine the address of a cloud's metadata service, so that nobody else's is asked.
struct Metadata;

impl Metadata {
    fn take() -> Result<Self> {
        program::output(Command::new("ip").args(["address", "add", METADATA, "dev", "lo"]))?;
        Ok(Self)
    }
}

impl Drop for Metadata {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["address", "del", METADATA, "dev", "lo"]).output();
    }
}

#[test]
fn an_app_reaches_neither_another_app_nor_the_machine() -> Result<()> {
    let image = Image::specimen("isolation", &[], &[5000])?;
    let platform = Standalone::start()?;
    let user = User::registered(&platform.url())?;
    for app in ["prisoner", "neighbour"] {
        user.does(&["create", app, "--no-remote"])?;
        user.does(&["pull", &image.name, "-a", app])?;
    }
    let _metadata = Metadata::take()?;
    let everywhere = TcpListener::bind("0.0.0.0:0")?;
    let port = everywhere.local_addr()?.port();

    let own = container::address(&user, "prisoner")?;
    ensure!(probe(&user, &[format!("{own}:5000")])?.contains("is open"), "the probe sees nothing at all");

    let neighbour = container::address(&user, "neighbour")?;
    let mut targets = vec![format!("{neighbour}:1-{}", if tests::prove() { u16::MAX } else { 5000 })];
    for address in machine::addresses()? {
        // Everything that this machine has: its database and engine, were they on the network, and a witness that is.
        targets.push(format!("{address}:1-{}", if tests::prove() { u16::MAX } else { 100 }));
        targets.extend([platform.port(), port, 2375, 2376, 5432].map(|port| format!("{address}:{port}")));
    }
    let seen = probe(&user, &targets)?;
    assert!(!seen.contains("is open"), "{seen}");
    for app in ["prisoner", "neighbour"] {
        user.does(&["destroy", "-a", app, "--confirm", app])?;
    }
    Ok(())
}

/// What the probe says from inside the prisoner's network.
fn probe(user: &User, targets: &[String]) -> Result<String> {
    let command = format!("/bin/specimen probe {}", targets.join(" "));
    user.does(&["run", "-a", "prisoner", "--", &command])
}

/// `DATABASE_URL` may be in the environment for something else.
#[test]
fn a_purge_finds_what_is_its_own_whatever_database_is_named() -> Result<()> {
    let image = Image::specimen("purge", &[], &[5000])?;
    let platform = Standalone::start()?;
    let user = User::registered(&platform.url())?;
    user.does(&["create", "blog", "--no-remote"])?;
    user.does(&["pull", &image.name, "-a", "blog"])?;
    let other = std::env::var("DATABASE_URL").context("`scripts/test` starts the database")?;
    let said = platform.slipway(&["purge", "--yes", "--database-url", &other])?;
    ensure!(said.to_string().contains("out: Removed: 1 containers, 1 networks, "), "{said}");
    Ok(())
}
