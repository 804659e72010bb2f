//! The system users as which the parts run.

use std::{ffi::OsStr, process::Command};

use anyhow::{Context, Result, bail};

/// A user of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Login name.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Id of its own group.
    pub gid: u32,
}

impl Account {
    /// Finds the user, or makes it: no home, no shell, no password.
    pub fn ensure(name: &str) -> Result<Self> {
        if let Some(account) = Self::find(name)? {
            return Ok(account);
        }
        let arguments = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"];
        let mut command = Command::new("useradd");
        command.args(arguments).args(["--shell", "/usr/sbin/nologin", "--", name]);
        super::tool::run(&mut command).with_context(|| format!("cannot make the system user {name}"))?;
        Self::find(name)?.with_context(|| format!("useradd made {name}, but `getent passwd {name}` does not find it"))
    }

    /// A program run as this user, with nothing of our environment.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", &self.uid.to_string(), "--regid", &self.gid.to_string(), "--clear-groups", "--"]);
        command.arg(program).env_clear().env("LC_ALL", "C.UTF-8").env("PATH", "/usr/bin:/bin").current_dir("/");
        command
    }

    /// Removes the user; one that is missing is no error.
    pub fn remove(name: &str) -> Result<()> {
        if Self::find(name)?.is_none() {
            return Ok(());
        }
        super::tool::run(Command::new("userdel").args(["--", name]))
            .with_context(|| format!("cannot remove the system user {name}"))?;
        Ok(())
    }

    /// Finds the user.
    pub fn find(name: &str) -> Result<Option<Self>> {
        let Some(line) = entry("passwd", name)? else { return Ok(None) };
        let fields: Vec<_> = line.split(':').collect();
        let [name, _, uid, gid, ..] = fields[..] else { bail!("`{line}` is no line of passwd") };
        Ok(Some(Self { name: name.to_owned(), uid: uid.parse()?, gid: gid.parse()? }))
    }
}

/// Finds a group, or makes it, and answers its id.
pub fn ensure_group(name: &str) -> Result<u32> {
    if let Some(gid) = group(name)? {
        return Ok(gid);
    }
    super::tool::run(Command::new("groupadd").args(["--system", "--", name]))
        .with_context(|| format!("cannot make the group {name}"))?;
    group(name)?.with_context(|| format!("groupadd made {name}, but `getent group {name}` does not find it"))
}

/// Removes a group; one that is missing is no error.
pub fn remove_group(name: &str) -> Result<()> {
    if group(name)?.is_some() {
        super::tool::run(Command::new("groupdel").args(["--", name]))
            .with_context(|| format!("cannot remove the group {name}"))?;
    }
    Ok(())
}

/// The id of a group.
pub fn group(name: &str) -> Result<Option<u32>> {
    let Some(line) = entry("group", name)? else { return Ok(None) };
    let gid = line.split(':').nth(2).with_context(|| format!("`{line}` is no line of group"))?;
    Ok(Some(gid.parse()?))
}

/// One entry of the machine's databases, wherever they are kept.
fn entry(database: &str, name: &str) -> Result<Option<String>> {
    let output = Command::new("getent").args([database, "--", name]).output().context("cannot run getent")?;
    match output.status.code() {
        Some(0) => Ok(Some(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())),
        Some(2) => Ok(None),
        _ => bail!("`getent {database} {name}` {}", output.status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_users_of_the_machine() {
        let root = Account::find("root").unwrap().unwrap();
        assert_eq!(root, Account { name: "root".to_owned(), uid: 0, gid: 0 });
        assert_eq!(Account::find("nobody-of-that-name").unwrap(), None);
        assert_eq!(group("root").unwrap(), Some(0));
        assert_eq!(group("no-group-of-that-name").unwrap(), None);
    }
}
