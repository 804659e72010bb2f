//! The settings file: is it there, does it say who the user is, and who else reads it.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use anyhow::Result;

use super::report::Report;
use crate::{
    context::Context,
    settings::{By, Choice, Settings},
};

const CHECK: &str = "settings";
const OTHERS: u32 = 0o077;

/// The settings, where there are any.
pub fn check(context: &Context, report: &mut Report) -> Result<Option<Settings>> {
    let (name, choice) = (&context.name, context.choice()?);
    let path = choice.store.path().display();
    match choice.store.find() {
        Err(error) => {
            report.fail(CHECK, error.to_string(), "Remove it and log in again, or name another one with -c.")?;
        }
        Ok(None) => report.fail(CHECK, format!("there is no {path}"), format!("Log in: {name} login <controller>"))?,
        Ok(Some(settings)) => {
            if is_open(choice.store.path()) {
                let text = format!("{path} holds your token, and others can read it");
                report.warn(CHECK, text, format!("chmod 600 {path}"))?;
            } else {
                report.ok(CHECK, format!("{path}{}", reason(&choice, context)))?;
            }
            return Ok(Some(settings));
        }
    }
    Ok(None)
}

fn is_open(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & OTHERS != 0)
}

/// Why it is this one.
fn reason(choice: &Choice, context: &Context) -> String {
    match choice.by {
        By::Option => " (--config says so)".to_owned(),
        By::Variable => format!(" ({} says so)", context.name.variable("PROFILE")),
        By::Memory => " (profiles:use said so)".to_owned(),
        By::Default => String::new(),
    }
}
