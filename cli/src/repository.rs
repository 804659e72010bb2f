//! The git repository around the user: which app it belongs to, and its remotes.

use std::env;

use anyhow::{Context as _, Result};

use crate::{builder, child, report::Failure};

/// A remote that is pushed to.
#[derive(Debug, PartialEq, Eq)]
pub struct Remote {
    name: String,
    url: String,
}

/// The app that the surroundings suggest: a remote on the controller's builder, else the name of the folder.
pub fn detect_app(controller: &str) -> Result<String> {
    // The address has to be one, even where there is no repository.
    let _ = builder::hosts(controller)?;
    if let Ok(Some(remote)) = remote_to(controller) {
        return Ok(remote.app().to_owned());
    }
    let folder = env::current_dir().context("cannot find out the current folder")?;
    let name = folder.file_name().map(|name| name.to_string_lossy().to_lowercase());
    Ok(name.unwrap_or_default())
}

/// The remote that leads to the controller's builder; fails where there is no repository.
pub fn remote_to(controller: &str) -> Result<Option<Remote>> {
    let hosts = builder::hosts(controller)?;
    Ok(remotes()?.into_iter().find(|remote| remote.may_lead_to(&hosts)))
}

/// What git calls itself: `git version 2.39.5`.
pub fn version() -> Result<String> {
    Ok(git(&["--version"])?.trim().to_owned())
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

/// Removes every remote that leads to the app on the controller's builder; false when there is none.
pub fn remove_remotes(controller: &str, app: &str) -> Result<bool> {
    let (hosts, remotes) = (builder::hosts(controller)?, remotes()?);
    let leads = |remote: &&Remote| hosts.iter().any(|host| host == host_of(&remote.url)) && app_of(&remote.url) == app;
    let mut ours = remotes.iter().filter(leads).peekable();
    let found = ours.peek().is_some();
    ours.try_for_each(|remote| remove_remote(&remote.name))?;
    Ok(found)
}

/// Has every remote that leads to the app lead to `name`, by the same way; answers the remotes.
pub fn rename_remotes(controller: &str, app: &str, name: &str) -> Result<Vec<String>> {
    let (hosts, mut remotes) = (builder::hosts(controller)?, remotes()?);
    remotes.retain(|remote| hosts.iter().any(|host| host == host_of(&remote.url)) && app_of(&remote.url) == app);
    for remote in &remotes {
        git(&["remote", "set-url", "--", &remote.name, &with_app(&remote.url, name)])?;
    }
    Ok(remotes.into_iter().map(|remote| remote.name).collect())
}

impl Remote {
    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it leads.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The app that it leads to.
    pub fn app(&self) -> &str {
        app_of(&self.url)
    }

    /// Deis's rule for the first host: the URL has it somewhere, perhaps as the end of an alias of OpenSSH's.
    fn may_lead_to(&self, hosts: &[String]) -> bool {
        let host = host_of(&self.url);
        hosts.first().is_some_and(|first| self.url.contains(first)) || hosts.iter().any(|one| one == host)
    }
}

/// The host of a remote's URL, or of git's short form `user@host:path`.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host.find(']') {
        Some(end) if host.starts_with('[') => &host[..=end],
        _ => host.split(':').next().unwrap_or_default(),
    }
}

/// The last segment of a remote's URL up to its first dot.
fn app_of(url: &str) -> &str {
    let last = url.rsplit(['/', ':']).next().unwrap_or_default();
    last.split('.').next().unwrap_or_default()
}

/// The URL with another app in that place.
fn with_app(url: &str, name: &str) -> String {
    let at = url.rfind(['/', ':']).map_or(0, |at| at + 1);
    let (before, last) = url.split_at(at);
    let rest = last.find('.').map_or("", |dot| &last[dot..]);
    format!("{before}{name}{rest}")
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
    let output = child::command("git").args(args).output().map_err(|error| {
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
    use super::{Remote, app_of, host_of, parse, with_app};

    #[test]
    fn only_remotes_that_are_pushed_to() {
        let listing = "origin\thttps://example.com/a.git (fetch)\norigin\tgit@example.com:a.git (push)\nbroken\n";
        assert_eq!(parse(listing), [Remote { name: "origin".to_owned(), url: "git@example.com:a.git".to_owned() }]);
    }

    #[test]
    fn urls_name_a_host_and_an_app() {
        for (url, host, app) in [
            ("ssh://git@slipway-builder.localhost:2222/blog.git", "slipway-builder.localhost", "blog"),
            ("ssh://127.0.0.1/blog", "127.0.0.1", "blog"),
            ("ssh://git@[::1]:2222/blog.git", "[::1]", "blog"),
            ("git@deis-builder.example.com:blog.git", "deis-builder.example.com", "blog"),
            ("../blog.git", "..", "blog"),
            ("", "", ""),
        ] {
            assert_eq!((host_of(url), app_of(url)), (host, app), "{url}");
        }
    }

    #[test]
    fn urls_lead_to_another_app_by_the_same_way() {
        for (url, renamed) in [
            ("ssh://git@[::1]:2222/blog.git", "ssh://git@[::1]:2222/journal.git"),
            ("ssh://127.0.0.1/blog", "ssh://127.0.0.1/journal"),
            ("git@deis-builder.example.com:blog.git", "git@deis-builder.example.com:journal.git"),
        ] {
            assert_eq!(with_app(url, "journal"), renamed);
        }
    }
}
