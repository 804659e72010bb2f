//! Repositories as bundles: git's own form of one moment of a repository, whatever is pushed meanwhile.
//!
//! They are a cache: one that cannot be read is told and left out, and its next push sends everything.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read},
    os::unix::fs::{OpenOptionsExt, chown},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use uuid::Uuid;

use super::{progress, writer::Writer};
use crate::standalone::{account::Account, tool};

/// Every reference, as it is.
const EVERYTHING: &str = "+refs/*:refs/*";

/// The member that holds the repository of an app.
pub fn member(app: &Uuid) -> String {
    format!("repositories/{app}.bundle")
}

/// Writes all repositories in `folder`, which belong to `account`, and answers where the `HEAD` of each leads.
pub fn collect(folder: &Path, account: &Account, writer: &mut Writer) -> Result<BTreeMap<Uuid, String>> {
    let mut heads = BTreeMap::new();
    for app in apps(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let git = || git(account, &folder.join(format!("{app}.git")));
        let Ok(head) = tool::run(git().args(["symbolic-ref", "HEAD"])) else {
            progress::say(format_args!("the repository of {app} cannot be read, and is left out"));
            continue;
        };
        if tool::run(git().args(["for-each-ref", "--count=1"])).is_ok_and(|refs| refs.is_empty()) {
            continue;
        }
        let mut sink = writer.member(member(&app))?;
        match tool::stream(git().args(["bundle", "create", "--quiet", "-", "--all"]), &mut sink) {
            Ok(()) => {
                sink.end()?;
                heads.insert(app, head.trim().to_owned());
            }
            Err(error) if sink.is_broken() => return Err(error),
            // It may have been destroyed meanwhile.
            Err(error) => {
                sink.discard()?;
                progress::say(format_args!("the repository of {app} cannot be read, and is left out: {error:#}"));
            }
        }
    }
    Ok(heads)
}

/// Makes a repository in `folder` from its bundle.
pub fn restore(mut bundle: impl Read, folder: &Path, app: &Uuid, head: &str, account: &Account) -> Result<PathBuf> {
    let (file, repository) = (folder.join(format!("{app}.bundle")), folder.join(format!("{app}.git")));
    let mut copy = fs::File::options().write(true).create_new(true).mode(0o600).open(&file)?;
    io::copy(&mut bundle, &mut copy)?;
    chown(&file, Some(account.uid), Some(account.gid))?;
    let git = || git(account, &repository);
    let made = || -> Result<()> {
        tool::run(git().args(["init", "--quiet", "--bare", "--template=", "--initial-branch=main"]))?;
        tool::run(git().args(["fetch", "--quiet", "--no-write-fetch-head", "--"]).arg(&file).arg(EVERYTHING))?;
        tool::run(git().args(["symbolic-ref", "HEAD", head])).map(drop)
    };
    made().with_context(|| format!("the repository of {app} cannot be made"))?;
    fs::remove_file(&file)?;
    Ok(repository)
}

fn apps(folder: &Path) -> io::Result<Vec<Uuid>> {
    let names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name()));
    let names = names.collect::<io::Result<Vec<_>>>()?;
    Ok(names.iter().filter_map(|name| name.to_str()?.strip_suffix(".git")?.parse().ok()).collect())
}

/// `git` on a repository, as its owner and with nobody's settings.
fn git(account: &Account, repository: &Path) -> Command {
    let mut command = account.command("git");
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_NO_REPLACE_OBJECTS", "1");
    command.args(["-c", "gc.auto=0", "-c", "pack.threads=1", "-c", "maintenance.auto=false"]);
    command.arg("--git-dir").arg(repository);
    command
}
