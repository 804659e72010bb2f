//! One try of a probe against a script.

use std::sync::Arc;

use api::types::Probe;
use async_trait::async_trait;

use super::{script::Script, world::World};
use crate::platform::health::{Life, Try};

/// Looks up what the instance's image would do.
pub(super) struct Tries {
    world: Arc<World>,
}

impl Tries {
    pub(super) fn new(world: Arc<World>) -> Self {
        Self { world }
    }
}

#[async_trait]
impl Try for Tries {
    async fn try_once(&self, life: &Life, probe: &Probe) -> Option<Result<(), String>> {
        Some(self.probe(life, probe))
    }
}

impl Tries {
    fn probe(&self, life: &Life, probe: &Probe) -> Result<(), String> {
        let (image, age) =
            self.world.look(&life.id, |one| (one.image.clone(), one.age())).ok_or("it no longer exists")?;
        let script = self.world.script(&image).ok_or("its image is gone")?;
        let listens = script.listens.as_ref().is_some_and(|when| when.contains(&age));
        if let Some(action) = &probe.exec {
            return execute(&script, &action.command);
        }
        let port = probe.tcp_socket.as_ref().map(|action| action.port);
        let port = port.or(probe.http_get.as_ref().map(|action| action.port)).unwrap_or_default();
        if !listens {
            return Err(format!("nothing listens on port {port}"));
        }
        match &probe.http_get {
            Some(action) => get(&script, action.path.as_deref().unwrap_or("/")),
            None => Ok(()),
        }
    }
}

fn execute(script: &Script, command: &[String]) -> Result<(), String> {
    let name = command.first().map(String::as_str).unwrap_or_default();
    match script.commands.get(name) {
        Some(0) => Ok(()),
        Some(code) => Err(format!("{name} exited with {code}")),
        None => Err(format!("exec: {name:?}: executable file not found in $PATH")),
    }
}

fn get(script: &Script, path: &str) -> Result<(), String> {
    match script.answers.get(path) {
        Some(200..400) => Ok(()),
        Some(status) => Err(format!("GET {path} answered {status}")),
        None => Err(format!("GET {path} answered 404")),
    }
}
