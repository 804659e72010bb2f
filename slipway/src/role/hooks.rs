//! The operator's deploy hooks. The same options belong to `slipway standalone`, which hands them to the controller in its
//! environment: a URL may hold a secret, and the key is one.

use std::{ffi::OsString, path::PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use controller::hook::{HookKey, HookUrl, Hooks};

/// The variable with the URLs, as Deis had it.
const URLS: &str = "DEIS_DEPLOY_HOOK_URLS";
/// The one with the key.
const KEY: &str = "DEIS_DEPLOY_HOOK_SECRET_KEY";

/// Options of both commands.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "All apps")]
pub struct HookOptions {
    /// URL that is told of each new release of any app, see docs/hooks.md; may be repeated
    #[arg(long, env = URLS, value_name = "URL", value_delimiter = ',', hide_env_values = true)]
    deploy_hook_url: Vec<HookUrl>,
    /// File with the key that signs what they are told; only root has to be able to read it [default: what
    /// `DEIS_DEPLOY_HOOK_SECRET_KEY` holds in the environment]
    #[arg(long, env = "SLIPWAY_DEPLOY_HOOK_KEY_FILE", value_name = "FILE")]
    deploy_hook_key_file: Option<PathBuf>,
}

impl HookOptions {
    /// The hooks, with the key read.
    pub fn hooks(&self) -> Result<Hooks> {
        let key = match &self.deploy_hook_key_file {
            Some(path) => {
                let key = HookKey::parse(&super::read(path)?);
                Some(key.with_context(|| format!("{} holds no key", path.display()))?)
            }
            None => key_in_environment(std::env::var_os(KEY))?,
        };
        Ok(Hooks::new(self.deploy_hook_url.iter().cloned(), key))
    }
}

fn key_in_environment(value: Option<OsString>) -> Result<Option<HookKey>> {
    let Some(value) = value else { return Ok(None) };
    // The text itself would be in the error.
    let Ok(text) = value.into_string() else { bail!("{KEY} is not text") };
    Ok(HookKey::parse(&text))
}

/// The environment in which a controller has these hooks.
pub fn hook_environment(hooks: &Hooks) -> Vec<(String, OsString)> {
    if hooks.urls().is_empty() {
        return Vec::new();
    }
    let urls: Vec<_> = hooks.urls().iter().map(HookUrl::expose).collect();
    let key = hooks.key().map(|key| (KEY.to_owned(), key.expose().into()));
    [(URLS.to_owned(), urls.join(",").into())].into_iter().chain(key).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        hooks: HookOptions,
    }

    fn parse(arguments: &[&str]) -> Result<HookOptions, String> {
        let command = Command::try_parse_from(["slipway"].iter().chain(arguments));
        command.map(|command| command.hooks).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_typed_reaches_the_controller_in_its_environment() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("hook.key");
        fs::write(&file, "s3cret\n").unwrap();
        let file = file.to_str().unwrap();
        let (one, other) = ("https://a.example/deis?token=1", "http://b.example:8080/");
        let options = parse(&["--deploy-hook-url", one, "--deploy-hook-url", other, "--deploy-hook-key-file", file]);
        let hooks = options.unwrap().hooks().unwrap();
        let environment = hook_environment(&hooks);
        let [(urls, value), (key, secret)] = &environment[..] else { panic!("{} variables", environment.len()) };
        assert_eq!((urls.as_str(), key.as_str(), secret.to_str()), (URLS, KEY, Some("s3cret")));
        let passed = parse(&["--deploy-hook-url", value.to_str().unwrap()]).unwrap().hooks().unwrap();
        assert_eq!(passed.urls(), hooks.urls());
        let key = key_in_environment(Some(secret.clone())).unwrap();
        assert_eq!(key.unwrap().authorization(one), hooks.key().unwrap().authorization(one));
    }

    #[test]
    fn without_hooks_nothing_is_handed_on() {
        assert!(hook_environment(&parse(&[]).unwrap().hooks().unwrap()).is_empty());
    }

    #[test]
    fn an_empty_key_is_no_key() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("hook.key");
        fs::write(&file, "\n").unwrap();
        let options = parse(&["--deploy-hook-key-file", file.to_str().unwrap()]).unwrap();
        assert!(options.hooks().unwrap_err().to_string().ends_with("hook.key holds no key"));
    }
}
