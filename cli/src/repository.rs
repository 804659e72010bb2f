//! The git repository around the user: which app it belongs to, and its remotes.

use std::{env, process::Command};

use anyhow::{Context as _, Result};
use api::client::Url;

use crate::{context::controller_url, report::Failure};

/// The builder's SSH port.
const PORT: u16 = 2222;

/// A remote that is pushed to.
#[derive(Debug, PartialEq, Eq)]
struct Remote {
    name: String,
    url: String,
}

/// The app that the surroundings suggest: a remote on the controller's builder, else the name of the folder.
pub fn detect_app(controller: &str) -> Result<String> {
    let host = builder_host(&controller_url(controller)?);
    let remotes = remotes().unwrap_or_default();
    if let Some(remote) = remotes.iter().find(|remote| remote.url.contains(&host)) {
        return Ok(app_of(&remote.url).to_owned());
    }
    let folder = env::current_dir().context("cannot find out the current folder")?;
    let name = folder.file_name().map(|name| name.to_string_lossy().to_lowercase());
    Ok(name.unwrap_or_default())
}

/// Where an app is pushed to.
pub fn remote_url(controller: &str, app: &str) -> Result<String> {
    Ok(format!("ssh://git@{}:{PORT}/{app}.git", builder_host(&controller_url(controller)?)))
}

/// Where the remote of this name leads, if there is one.
pub fn url_of(name: &str) -> Result<Option<String>> {
    Ok(remotes()?.into_iter().find(|remote| remote.name == name).map(|remote| remote.url))
}

/// Adds a remote.
pub fn add_remote(name: &str, url: &str) -> Result<()> {
    git(&["remote", "add", "--", name, url]).map(drop)
}

/// Removes a remote.
pub fn remove_remote(name: &str) -> Result<()> {
    git(&["remote", "remove", "--", name]).map(drop)
}

/// Removes every remote that leads to `url`; false when there is none.
pub fn remove_remotes(url: &str) -> Result<bool> {
    let remotes = remotes()?;
    let mut ours = remotes.iter().filter(|remote| remote.url == url).peekable();
    let found = ours.peek().is_some();
    ours.try_for_each(|remote| remove_remote(&remote.name))?;
    Ok(found)
}

/// `deis.example.com` has its builder at `deis-builder.example.com`; an address has it at itself.
fn builder_host(controller: &Url) -> String {
    let host = controller.host_str().unwrap_or_default();
    let is_address = host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
    match host.split_once('.') {
        _ if is_address => host.to_owned(),
        Some((first, rest)) => format!("{first}-builder.{rest}"),
        None => format!("{host}-builder"),
    }
}

/// The last segment of a remote's URL up to its first dot.
fn app_of(url: &str) -> &str {
    let last = url.rsplit('/').next().unwrap_or_default();
    last.split('.').next().unwrap_or_default()
}

fn remotes() -> Result<Vec<Remote>> {
    Ok(parse(&git(&["remote", "-v"])?))
}

/// Reads `git remote -v`: name, tab, URL, space, what it is for.
fn parse(listing: &str) -> Vec<Remote> {
    let remote = |line: &str| {
        let (name, rest) = line.strip_suffix("(push)")?.split_once('\t')?;
        Some(Remote { name: name.to_owned(), url: rest.split(' ').next()?.to_owned() })
    };
    listing.lines().filter_map(remote).collect()
}

fn git(args: &[&str]) -> Result<String> {
    let output = Command::new("git").args(args).output().map_err(|error| {
        Failure::new(format!("cannot run git: {error}")).hint("Install git, or do without with --no-remote and --app.")
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let shown: Vec<_> = args.iter().copied().filter(|word| *word != "--").collect();
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!("Error when running 'git {}'\n{}", shown.join(" "), complaint.trim_end())).into())
}

#[cfg(test)]
mod tests {
    use super::{Remote, app_of, builder_host, parse, remote_url};
    use crate::context::controller_url;

    #[test]
    fn builders_stand_beside_controllers() {
        for (controller, builder) in [
            ("http://deis.example.com:8080", "deis-builder.example.com"),
            ("http://slipway.localhost", "slipway-builder.localhost"),
            ("http://controller", "controller-builder"),
            ("http://127.0.0.1:80", "127.0.0.1"),
            ("http://[::1]", "[::1]"),
        ] {
            assert_eq!(builder_host(&controller_url(controller).unwrap()), builder);
        }
        let url = remote_url("http://slipway.localhost", "blog").unwrap();
        assert_eq!(url, "ssh://git@slipway-builder.localhost:2222/blog.git");
        assert_eq!(app_of(&url), "blog");
    }

    #[test]
    fn only_remotes_that_are_pushed_to() {
        let listing = "origin\thttps://example.com/a.git (fetch)\norigin\tgit@example.com:a.git (push)\nbroken\n";
        assert_eq!(parse(listing), [Remote { name: "origin".to_owned(), url: "git@example.com:a.git".to_owned() }]);
    }
}
