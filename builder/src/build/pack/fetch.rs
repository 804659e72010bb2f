//! Buildpacks that the app names by URL: a git repository with `#<revision>`, or an archive.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, bail, ensure};

use super::super::{buildah, files, layout};

/// What may be fetched. Everything else that git understands (`ext::`, local paths, options) is not for users.
const SCHEMES: [&str; 4] = ["https://", "http://", "git://", "ssh://"];

/// Heroku's buildpack that only reads `.buildpacks`, which we do ourselves.
pub fn is_multi(url: &str) -> bool {
    url.contains("heroku-buildpack-multi")
}

/// Fetches a buildpack into `to`.
pub fn fetch(url: &str, to: &Path, key: Option<&Path>) -> Result<()> {
    let (address, revision) = split(url)?;
    let archive = [".tgz", ".tar.gz"].iter().any(|end| address.split('?').next().unwrap_or_default().ends_with(end));
    let result = if archive { download(&address, to) } else { clone(&address, revision.as_deref(), to, key) };
    if let Err(error) = result {
        bail!("the buildpack {} cannot be fetched: {}", shown(url), masked(&format!("{error:#}"), &address));
    }
    ensure!(to.join("bin/compile").is_file(), "{} is no buildpack: it has no bin/compile", shown(url));
    Ok(())
}

/// The URL without what may be a password in it.
pub fn shown(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let host = rest.split('/').next().unwrap_or_default();
            let bare = host.rfind('@').map_or(rest, |at| &rest[at + 1..]);
            format!("{scheme}://{bare}")
        }
        None => url.to_owned(),
    }
}

/// What a program said, without the login of the address that it may repeat.
fn masked(said: &str, address: &str) -> String {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    match rest.split('/').next().unwrap_or_default().rsplit_once('@') {
        Some((login, _)) => said.replace(login, "***"),
        None => said.to_owned(),
    }
}

/// Address and revision, both of a form that git cannot misread.
fn split(url: &str) -> Result<(String, Option<String>)> {
    let (address, revision) = match url.split_once('#') {
        Some((address, revision)) => (address, Some(revision).filter(|revision| !revision.is_empty())),
        None => (url, None),
    };
    let address = match address.split_once(':') {
        // `git@host:path`, as people write it.
        Some((login, path)) if !path.starts_with("//") && login.contains('@') && !login.contains('/') => {
            format!("ssh://{login}/{}", path.trim_start_matches('/'))
        }
        _ => address.to_owned(),
    };
    let sound = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    let rest = SCHEMES.iter().find_map(|scheme| address.strip_prefix(scheme));
    let good = rest.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '['));
    ensure!(good && sound(&address), "a buildpack's URL begins with https://, http://, git:// or ssh://");
    if let Some(revision) = revision {
        ensure!(sound(revision) && !revision.starts_with('-') && revision.len() < 250, "{revision:?} is no revision");
    }
    Ok((address, revision.map(str::to_owned)))
}

/// Shallow, when the revision is a branch or a tag; whole, when it is a commit.
fn clone(address: &str, revision: Option<&str>, to: &Path, key: Option<&Path>) -> Result<()> {
    let shallow = ["clone", "--quiet", "--depth=1", "--recurse-submodules", "--shallow-submodules"];
    let branch: Vec<String> = revision.iter().map(|revision| format!("--branch={revision}")).collect();
    let mut command = git(key);
    command.args(shallow).args(&branch).args(["--", address]).arg(to);
    if run(&mut command).is_ok() {
        return Ok(());
    }
    files::remove(to)?;
    run(git(key).args(["clone", "--quiet", "--", address]).arg(to))?;
    if let Some(revision) = revision {
        run(git(key).arg("-C").arg(to).args(["checkout", "--quiet", "--detach", revision, "--"]))?;
    }
    run(git(key).arg("-C").arg(to).args(["submodule", "--quiet", "update", "--init", "--recursive"]))
}

fn git(key: Option<&Path>) -> Command {
    let mut command = Command::new("git");
    let safe = ["-c", "protocol.allow=never", "-c", "protocol.https.allow=always", "-c", "protocol.http.allow=always"];
    command.args(safe).args([
        "-c",
        "protocol.git.allow=always",
        "-c",
        "protocol.ssh.allow=always",
        "-c",
        "safe.directory=*",
    ]);
    let ssh = "ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile=/dev/null";
    let ssh = key.map_or(ssh.to_owned(), |key| format!("{ssh} -o IdentitiesOnly=yes -i {}", key.display()));
    command.env("GIT_SSH_COMMAND", ssh).env("GIT_TERMINAL_PROMPT", "0").env("HOME", layout::WORK);
    command
}

fn download(address: &str, to: &Path) -> Result<()> {
    let archive = Path::new(layout::WORK).join("buildpack.tgz");
    let mut curl = Command::new("curl");
    curl.args(["--fail", "--silent", "--show-error", "--location"]);
    curl.args(["--proto", "http,https", "--proto-redir", "http,https"]);
    curl.args(["--max-time", "120", "--max-filesize", "536870912"]).arg("--output").arg(&archive);
    run(curl.args(["--url", address]))?;
    fs::create_dir_all(to)?;
    run(Command::new("tar")
        .args(["--extract", "--gzip", "--no-same-owner", "--file"])
        .arg(&archive)
        .arg("--directory")
        .arg(to))?;
    lift(to)
}

/// Archives of a whole repository have one folder around everything.
fn lift(to: &Path) -> Result<()> {
    let entries: Vec<_> = fs::read_dir(to)?.collect::<Result<_, _>>()?;
    if let [only] = entries.as_slice()
        && only.path().join("bin/compile").is_file()
    {
        let aside = to.with_extension("aside");
        fs::rename(only.path(), &aside)?;
        fs::remove_dir_all(to)?;
        fs::rename(aside, to)?;
    }
    Ok(())
}

fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().display().to_string();
    let output = command.output().with_context(|| format!("cannot run {name}; is it installed on this machine?"))?;
    if !output.status.success() {
        bail!("{}", buildah::said(&output.stderr));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_revisions() {
        let split = |url: &str| {
            split(url).map(|(address, revision)| format!("{address} {revision:?}")).map_err(|error| error.to_string())
        };
        assert_eq!(split("https://example.com/pack.git#v1.2").unwrap(), r#"https://example.com/pack.git Some("v1.2")"#);
        assert_eq!(split("git@example.com:me/pack.git").unwrap(), "ssh://git@example.com/me/pack.git None");
        for bad in [
            "ext::sh -c id",
            "/etc",
            "file:///etc",
            "--upload-pack=x",
            "ssh://-oProxyCommand=id/x",
            "https://a b",
            "https://a/b#--x",
        ] {
            assert!(split(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        assert_eq!(shown("https://me:secret@example.com/pack.git#v1"), "https://example.com/pack.git#v1");
        let said = "unable to access 'https://me:secret@example.com/'";
        assert_eq!(
            masked(said, "https://me:secret@example.com/pack.git"),
            "unable to access 'https://***@example.com/'"
        );
    }
}
