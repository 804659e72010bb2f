//! Which of the user's keys is meant, when none was named.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use super::file::KeyFile;
use crate::{report::Failure, ui::Ui};

/// Shows the public keys in `~/.ssh` and lets the user choose one, or name a file.
pub fn choose(ui: &Ui) -> Result<KeyFile> {
    let mut files = found(ui)?;
    ui.say("Found the following SSH public keys:")?;
    for (index, file) in files.iter().enumerate() {
        ui.say(format!("{}) {} {}", index + 1, file.name(), file.id()))?;
    }
    ui.say("0) Enter path to pubfile (or use keys:add <key_path>)")?;
    let answer = ui.ask("Which would you like to use with Deis? ")?;
    let number: i64 = answer.trim().parse().map_err(|_| Failure::new(format!("{answer} is not a valid integer")))?;
    if number == 0 {
        let path = ui.ask("Enter the path to the pubkey file: ")?;
        return KeyFile::read(below_home(path.trim())?);
    }
    let index = usize::try_from(number - 1).ok().filter(|index| *index < files.len());
    let index = index.ok_or_else(|| Failure::new(format!("{number} is not a valid option")))?;
    Ok(files.swap_remove(index))
}

/// OpenSSH's folder of the user.
pub fn ssh_folder() -> Result<PathBuf> {
    Ok(home()?.join(".ssh"))
}

/// Every key there, by the name of its file; a file that holds none is only told of.
pub fn found(ui: &Ui) -> Result<Vec<KeyFile>> {
    let folder = ssh_folder()?;
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(|| format!("cannot read {}", folder.display()))?,
    };
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_pub(path)).collect();
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        match KeyFile::read(path) {
            Ok(file) => files.push(file),
            Err(error) => ui.warn(&error.to_string())?,
        }
    }
    Ok(files)
}

fn is_pub(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "pub")
}

/// No shell has expanded what is typed into a prompt.
fn below_home(path: &str) -> Result<PathBuf> {
    match path.strip_prefix("~/") {
        Some(rest) => Ok(home()?.join(rest)),
        None => Ok(PathBuf::from(path)),
    }
}

fn home() -> Result<PathBuf> {
    let home = env::var_os("HOME").filter(|home| !home.is_empty());
    home.map(PathBuf::from).ok_or_else(|| Failure::new("HOME is not set, so there is no folder .ssh").into())
}
