//! Commands of others: `<name>-<topic>` on the search path.

use std::{ffi::OsString, io, os::unix::process::CommandExt};

use anyhow::{Context as _, Result};

use crate::{child, exit::Exit, name::Name, ui::Ui};

/// Becomes the plugin for `topic[:verb]`, or tells that there is no such command.
pub fn run(name: &Name, ui: &Ui, command: &str, rest: &[OsString], suggestion: Option<String>) -> Result<Exit> {
    let (topic, verb) = command.split_once(':').map_or((command, None), |(topic, verb)| (topic, Some(verb)));
    if is_file_name(topic) {
        let plugin = format!("{name}-{topic}");
        // Returns only when nothing was started.
        let error = child::command(&plugin).args(verb).args(rest).exec();
        if error.kind() != io::ErrorKind::NotFound {
            return Err(error).with_context(|| format!("cannot start the plugin {plugin}"));
        }
    }
    ui.warn(&format!("Found no matching command, try '{name} help'"))?;
    ui.warn(&format!("Usage: {name} <command> [<args>...]"))?;
    if let Some(suggestion) = suggestion {
        ui.hint(&format!("Did you mean `{name} {suggestion}`?"))?;
    }
    Ok(Exit::Failed)
}

/// Only what the search path is asked for, never a path of its own.
fn is_file_name(topic: &str) -> bool {
    !topic.is_empty() && !topic.contains('/')
}
