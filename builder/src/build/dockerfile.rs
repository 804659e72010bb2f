//! A build by Dockerfile.
//!
//! Config values reach neither layers nor the log. With `DEIS_DOCKER_BUILD_ARGS_ENABLED` they are build arguments: `buildah`
//! takes their values from its environment, and a Dockerfile that declares `ARG KEY` gets it.

use std::path::Path;

use anyhow::{Result, bail};
use api::procfile::{self, Types};

use super::{buildah, job::BuildJob, layout, log, steps::Steps, trust};

/// Makes the image.
pub fn build(job: &BuildJob) -> Result<Types> {
    // A Procfile that nobody can use is told before the long part.
    let types = types(Path::new(layout::TREE))?;
    let mut arguments = vec!["build", "--isolation", "chroot", "--network", "host", "--format", "docker", "--layers"];
    arguments.extend(["--force-rm", "--tag", layout::IMAGE]);
    let variables = arguments_of(job);
    arguments.extend(variables.iter().flat_map(|(key, _)| ["--build-arg", *key]));
    if job.is_set("DEIS_DISABLE_CACHE") {
        arguments.push("--no-cache");
    }
    arguments.extend(["--", layout::TREE]);
    let mut command = buildah::connected(&arguments, job);
    command.envs(variables);
    let mut steps = Steps::default();
    let code = buildah::follow(command, |line| {
        if let Some(line) = steps.rewrite(line) {
            log::say(&line);
        }
    })?;
    if code != Some(0) {
        bail!("the image could not be built from the Dockerfile");
    }
    log::say("Pushing to registry");
    Ok(types)
}

/// Names that mean something to `buildah` itself.
const OWN: [&str; 8] = ["PATH", "HOME", "TMPDIR", "BUILDAH_", "CONTAINERS_", "_CONTAINERS", "STORAGE_", "LD_"];

fn arguments_of(job: &BuildJob) -> Vec<(&str, String)> {
    let mut variables = trust::variables();
    if job.is_set("DEIS_DOCKER_BUILD_ARGS_ENABLED") {
        let usable =
            job.env.iter().filter(|(key, _)| !OWN.iter().any(|own| key.starts_with(own)) && !key.contains('='));
        variables.extend(usable.map(|(key, value)| (key.as_str(), value.clone())));
    }
    variables
}

/// The types of the repository's Procfile, if there is one.
fn types(tree: &Path) -> Result<Types> {
    match std::fs::read_to_string(tree.join("Procfile")) {
        Ok(text) => Ok(procfile::parse(&text)?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Types::new()),
        Err(error) => bail!("the Procfile cannot be read: {error}"),
    }
}
