//! The container from the stack image in which a buildpack runs, as the user `slug`, and what it sees there.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use base64::{Engine, prelude::BASE64_STANDARD};

use super::{
    super::{buildah, files, job::BuildJob, layout, trust},
    cache::Cache,
};

/// The app, as a buildpack sees it.
pub const TREE_SEEN: &str = "/tmp/build";
/// The cache, as a buildpack sees it.
pub const CACHE_SEEN: &str = "/tmp/cache";
/// The folder of config values, as a buildpack sees it.
pub const ENV_SEEN: &str = "/tmp/environment";
/// Buildpacks, as they see themselves.
pub const PACKS_SEEN: &str = "/tmp/buildpacks";
/// Buildpacks in the sandbox.
pub const PACKS: &str = "/work/buildpacks";

/// A prepared container.
pub struct Stage {
    container: String,
    volumes: Vec<String>,
    variables: BTreeMap<String, String>,
    proxy: BTreeMap<String, String>,
    /// The key for private repositories.
    pub key: Option<PathBuf>,
    /// The image it is made from.
    pub stack: String,
}

impl Stage {
    /// Makes the container and gives the app, its values and its key to the user of buildpacks.
    pub fn prepare(job: &BuildJob, cache: &Cache) -> Result<Self> {
        let container = from(&job.stack)?;
        let secrets = Path::new(layout::SECRETS);
        let environment = secrets.join("environment");
        write_environment(&environment, &job.env)?;
        let key = write_key(&secrets.join("ssh"), job)?;
        fs::create_dir_all(PACKS)?;
        files::give(Path::new(layout::TREE))?;
        files::give(secrets)?;
        fs::set_permissions(secrets, fs::Permissions::from_mode(0o711))?;
        let mut volumes = vec![
            format!("{}:{TREE_SEEN}:rw", layout::TREE),
            format!("{}:{CACHE_SEEN}:rw", cache.path().display()),
            format!("{}:{ENV_SEEN}:ro", environment.display()),
            format!("{PACKS}:{PACKS_SEEN}:rw"),
        ];
        volumes.extend(key.iter().map(|_| format!("{}:/app/.ssh:ro", secrets.join("ssh").display())));
        let mut variables: BTreeMap<_, _> =
            trust::variables().into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let own = [
            ("STACK", stack_name(&job.stack)),
            ("HOME", "/app"),
            ("SOURCE_VERSION", &job.sha),
            ("REQUEST_ID", &job.request),
        ];
        variables.extend(own.map(|(key, value)| (key.to_owned(), value.to_owned())));
        let stack = job.stack.clone();
        Ok(Self { container, volumes, variables, proxy: job.proxy.clone(), key, stack })
    }

    /// Runs a program in the container, as `slug`, in the app's folder; answers its exit code.
    pub fn run(&self, program: &[&str], mut line: impl FnMut(&str)) -> Result<Option<i32>> {
        buildah::follow(self.command(program), |text| {
            if !is_noise(text) {
                line(text);
            }
        })
    }

    /// Runs a program quietly; answers what it printed on standard output, `None` when it failed.
    pub fn ask(&self, program: &[&str]) -> Result<Option<String>> {
        let output = self.command(program).output().context("cannot run buildah")?;
        Ok(output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned()))
    }

    fn command(&self, program: &[&str]) -> Command {
        let mut command = buildah::command(&["run", "--isolation", "chroot", "--network", "host", "--user", "slug"]);
        command.envs(&self.proxy).args(["--workingdir", TREE_SEEN]);
        for volume in &self.volumes {
            command.args(["--volume", volume]);
        }
        for (key, value) in &self.variables {
            command.args(["--env", &format!("{key}={value}")]);
        }
        command.args(["--", &self.container]).args(program);
        command
    }
}

/// A container of the stack image, which must be there.
pub fn from(stack: &str) -> Result<String> {
    let hint = || {
        format!("there is no stack image `{stack}` on this machine; the operator makes one with `slipway stack import`")
    };
    buildah::ask(&["from", "--pull-never", "--", stack]).with_context(hint)
}

/// `registry.example.com/heroku/heroku:22` is the stack `heroku-22` for its buildpacks; ours has its own name.
fn stack_name(image: &str) -> &str {
    let name = image.rsplit('/').next().unwrap_or(image);
    name.split(':').next().unwrap_or(name)
}

/// One file a value, as buildpacks read them.
fn write_environment(folder: &Path, env: &BTreeMap<String, String>) -> Result<()> {
    fs::create_dir_all(folder)?;
    for (key, value) in env.iter().filter(|(key, _)| !key.contains('/') && !key.starts_with('.') && !key.is_empty()) {
        files::write(&folder.join(key), value.as_bytes(), 0o600)?;
    }
    Ok(())
}

/// The private key for repositories that the build needs.
fn write_key(folder: &Path, job: &BuildJob) -> Result<Option<PathBuf>> {
    let Some(text) = job.value("SSH_KEY") else { return Ok(None) };
    let compact: String = text.split_whitespace().collect();
    let key = BASE64_STANDARD.decode(compact).ok().context("SSH_KEY is not a private key in base64")?;
    let path = folder.join("id_rsa");
    files::write(&path, &key, 0o600)?;
    files::write(&folder.join("config"), b"StrictHostKeyChecking accept-new\nUserKnownHostsFile /dev/null\n", 0o600)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    Ok(Some(path))
}

/// What `buildah run` adds about a program that failed; we say it in our own words.
fn is_noise(line: &str) -> bool {
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    ["subprocess exited with status ", "Error: exit status "]
        .iter()
        .any(|start| line.strip_prefix(start).is_some_and(number))
}
