//! `completion`: what a shell needs to complete our command lines.
//!
//! The script of a shell only knows how that shell splits a line; what can come next it asks this program ([`answer`]),
//! which looks in its own definition and, for names, asks the controller.

pub mod answer;
mod kind;
mod source;

use anyhow::Result;
use clap::ValueEnum;

use crate::{context::Context, name::Name};

/// Prints the script that completes this program's commands in a shell.
///
/// It completes commands, options, and the names of applications, config variables, process types, domains, keys,
/// certificates, releases and profiles, for which it asks the controller.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    eval \"$(mycli completion bash)\"                                     in ~/.bashrc\n  \
    source <(mycli completion zsh)                                      in ~/.zshrc, after compinit\n  \
    mycli completion fish > ~/.config/fish/completions/mycli.fish       once")]
pub struct Args {
    /// The shell
    shell: Shell,
}

/// The shells there are scripts for.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// Prints it.
pub fn run(args: &Args, context: &Context) -> Result<()> {
    Ok(context.ui.stdout(script(args.shell, &context.name).as_bytes())?)
}

fn script(shell: Shell, name: &Name) -> String {
    let text = match shell {
        Shell::Bash => include_str!("script.bash"),
        Shell::Zsh => include_str!("script.zsh"),
        Shell::Fish => include_str!("script.fish"),
    };
    text.replace("@FUNCTION@", &function(name)).replace("@PROGRAM@", &quoted(name)).replace("@NAME@", name.as_str())
}

/// A name that functions of every shell may have.
fn function(name: &Name) -> String {
    format!("_{}", name.remote().replace('-', "_"))
}

/// The name as one word of any of these shells, whatever is in it.
fn quoted(name: &Name) -> String {
    format!("'{}'", name.as_str().replace('\'', "'\\''"))
}
