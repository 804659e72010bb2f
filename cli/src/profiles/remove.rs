//! `profiles:remove`.

use anyhow::Result;

use crate::{context::Context, report::Failure, settings::Profiles};

/// Removes a profile from this machine.
///
/// Its settings file is removed, and the token in it with that. To end the token itself, too, in case somebody has a copy:
/// `auth:regenerate`, before.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli profiles:remove staging\n  \
    mycli profiles:remove staging --confirm   for scripts")]
pub struct Args {
    /// Name of the profile
    name: String,
    /// Skip the question
    #[arg(long)]
    confirm: bool,
}

/// Removes it once that was confirmed.
pub fn run(args: &Args, context: &Context) -> Result<()> {
    let (profiles, name, ui) = (Profiles::of(&context.name)?, &args.name, &context.ui);
    let store = profiles.store(name)?;
    // One that cannot be read is there, too, and may go.
    if store.find().is_ok_and(|settings| settings.is_none()) {
        let folder = profiles.folder().display();
        return Err(Failure::new(format!("there is no profile {name} in {folder}"))
            .hint(format!("`{} profiles` lists those there are.", context.name))
            .into());
    }
    if !args.confirm {
        if !ui.can_ask() {
            return Err(Failure::new(format!("{name} was not removed: there is nobody to confirm it"))
                .hint(format!("To remove it without a question: {} profiles:remove {name} --confirm", context.name))
                .into());
        }
        if !ui.confirm(&format!("remove {}?", store.path().display()))? {
            return Ok(ui.warn("Profile not removed")?);
        }
    }
    store.remove()?;
    if profiles.used().ok().flatten().as_ref() == Some(name) {
        profiles.forget()?;
    }
    Ok(ui.say(format!("Profile {name} removed"))?)
}
