//! `profiles:use`.

use anyhow::Result;

use crate::{
    context::Context,
    report::Failure,
    settings::{DEFAULT, Profiles},
};

/// Makes a profile the one that commands use.
///
/// It is remembered for this program, in ~/.mycli/profile. --config and the environment variable still go before it.
/// `profiles:use client` forgets it.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli -c staging login http://slipway.staging.example.com\n  \
    mycli profiles:use staging")]
pub struct Args {
    /// Name of the profile
    name: String,
}

/// Remembers it.
pub fn run(args: &Args, context: &Context) -> Result<()> {
    let (profiles, name) = (Profiles::of(&context.name)?, &args.name);
    let settings = profiles.store(name)?.find()?;
    if settings.is_none() && name != DEFAULT {
        let (program, folder) = (&context.name, profiles.folder().display());
        return Err(Failure::new(format!("there is no profile {name} in {folder}"))
            .hint(format!(
                "Make one: {program} -c {name} login <controller>; `{program} profiles` lists those there are."
            ))
            .into());
    }
    profiles.remember(name)?;
    let who = settings.map(|it| format!(": {} at {}", it.username, it.controller)).unwrap_or_default();
    context.ui.say(format!("Using profile {name}{who}"))?;
    let choice = context.choice()?;
    if choice.profile != *name {
        let variable = context.name.variable("PROFILE");
        context.ui.warn(&format!("{} is still used where --config or {variable} says so, as here.", choice.profile))?;
    }
    Ok(())
}
