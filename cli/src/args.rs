//! What a user may type, and what becomes of it.

use std::ffi::OsString;

use anyhow::Result;
use clap::{
    ArgAction, CommandFactory, FromArgMatches, Parser, Subcommand,
    error::{ContextKind, ContextValue, ErrorKind},
};

use crate::{
    apps, audit, auth, autoscale, builds, certs, completion, config, context::Context, doctor, domains, drains,
    exit::Exit, git, healthchecks, keys, labels, limits, maintenance, name::Name, perms, profiles, ps, registry,
    releases, routing, runs, services, shortcuts, tags, timeouts, tls, tokens, ui::clean, users, version, whitelist,
};

/// The whole command line.
#[derive(Parser)]
#[command(
    name = "mycli",
    disable_version_flag = true,
    disable_help_flag = true,
    disable_help_subcommand = true,
    subcommand_required = true,
    max_term_width = 100
)]
pub struct Cli {
    /// Settings file or profile [default: that of `profiles:use`, else `client`]
    #[arg(short, long, global = true, value_name = "CFG")]
    pub config: Option<String>,
    /// Print help
    #[arg(short, long, global = true, action = ArgAction::HelpShort)]
    help: Option<bool>,
    #[command(subcommand)]
    pub command: Command,
}

/// Every topic's verbs.
#[derive(Subcommand)]
pub enum Command {
    #[command(flatten)]
    Apps(apps::Command),
    #[command(flatten)]
    Audit(audit::Command),
    #[command(flatten)]
    Auth(auth::Command),
    #[command(flatten)]
    Autoscale(autoscale::Command),
    #[command(flatten)]
    Builds(builds::Command),
    #[command(flatten)]
    Certs(certs::Command),
    #[command(name = "__complete", hide = true)]
    Complete(completion::answer::Args),
    #[command(name = "completion")]
    Completion(completion::Args),
    #[command(flatten)]
    Config(config::Command),
    #[command(name = "doctor")]
    Doctor(doctor::Args),
    #[command(flatten)]
    Domains(domains::Command),
    #[command(flatten)]
    Drains(drains::Command),
    #[command(flatten)]
    Git(git::Command),
    #[command(flatten)]
    Healthchecks(healthchecks::Command),
    #[command(flatten)]
    Keys(keys::Command),
    #[command(flatten)]
    Labels(labels::Command),
    #[command(flatten)]
    Limits(limits::Command),
    #[command(flatten)]
    Maintenance(maintenance::Command),
    #[command(flatten)]
    Perms(perms::Command),
    #[command(flatten)]
    Profiles(profiles::Command),
    #[command(flatten)]
    Ps(ps::Command),
    #[command(flatten)]
    Registry(registry::Command),
    #[command(flatten)]
    Releases(releases::Command),
    #[command(flatten)]
    Routing(routing::Command),
    #[command(flatten)]
    Runs(runs::Command),
    #[command(flatten)]
    Services(services::Command),
    #[command(flatten)]
    Shortcuts(shortcuts::Command),
    #[command(flatten)]
    Tags(tags::Command),
    #[command(flatten)]
    Timeouts(timeouts::Command),
    #[command(flatten)]
    Tls(tls::Command),
    #[command(flatten)]
    Tokens(tokens::Command),
    #[command(flatten)]
    Users(users::Command),
    #[command(name = "version")]
    Version(version::Args),
    #[command(flatten)]
    Whitelist(whitelist::Command),
}

impl Command {
    /// Does it.
    pub async fn run(self, context: &Context) -> Result<Exit> {
        match self {
            Self::Apps(command) => return command.run(context).await,
            Self::Audit(command) => command.run(context).await?,
            Self::Auth(command) => command.run(context).await?,
            Self::Autoscale(command) => command.run(context).await?,
            Self::Builds(command) => command.run(context).await?,
            Self::Certs(command) => command.run(context).await?,
            Self::Complete(args) => completion::answer::run(args, context).await?,
            Self::Completion(args) => completion::run(&args, context)?,
            Self::Config(command) => command.run(context).await?,
            Self::Doctor(args) => doctor::run(&args, context).await?,
            Self::Domains(command) => command.run(context).await?,
            Self::Drains(command) => command.run(context).await?,
            Self::Git(command) => command.run(context).await?,
            Self::Healthchecks(command) => command.run(context).await?,
            Self::Keys(command) => command.run(context).await?,
            Self::Labels(command) => command.run(context).await?,
            Self::Limits(command) => command.run(context).await?,
            Self::Maintenance(command) => command.run(context).await?,
            Self::Perms(command) => command.run(context).await?,
            Self::Profiles(command) => command.run(context)?,
            Self::Ps(command) => return command.run(context).await,
            Self::Registry(command) => command.run(context).await?,
            Self::Releases(command) => command.run(context).await?,
            Self::Routing(command) => command.run(context).await?,
            Self::Runs(command) => command.run(context).await?,
            Self::Services(command) => command.run(context).await?,
            Self::Shortcuts(command) => command.run(context)?,
            Self::Tags(command) => command.run(context).await?,
            Self::Timeouts(command) => command.run(context).await?,
            Self::Tls(command) => command.run(context).await?,
            Self::Tokens(command) => command.run(context).await?,
            Self::Users(command) => command.run(context).await?,
            Self::Version(args) => version::run(&args, context).await?,
            Self::Whitelist(command) => command.run(context).await?,
        }
        Ok(Exit::Done)
    }
}

/// What a command line turned out to be.
pub enum Parsed {
    /// One of ours.
    Command(Cli),
    /// None of ours; a plugin perhaps.
    Unknown {
        /// The word in the place of the command.
        topic: String,
        /// The words after it.
        rest: Vec<OsString>,
        /// The command of ours that is spelled most like it.
        suggestion: Option<String>,
    },
    /// Wrong options or arguments, or a verb's help.
    Wrong(clap::Error),
}

impl Parsed {
    fn wrong(self) -> Option<clap::Error> {
        match self {
            Self::Wrong(error) => Some(error),
            _ => None,
        }
    }
}

/// Reads a command line without its first word.
pub fn parse(name: &Name, words: &[OsString]) -> Parsed {
    match read(name, words) {
        // clap repeats what it does not understand.
        Parsed::Wrong(error) => read(name, &harmless(words)).wrong().map_or(Parsed::Wrong(error), Parsed::Wrong),
        parsed => parsed,
    }
}

fn harmless(words: &[OsString]) -> Vec<OsString> {
    words.iter().map(|word| clean(&word.to_string_lossy()).into()).collect()
}

fn read(name: &Name, words: &[OsString]) -> Parsed {
    let words =
        if matches!(words, [word] if word == "-v" || word == "--version") { &["version".into()] } else { words };
    let command_line = [OsString::from(name.as_str())].into_iter().chain(words.iter().cloned());
    let parsed = command(name)
        .try_get_matches_from(command_line)
        .and_then(|matches| Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command(name))));
    match parsed {
        Ok(cli) => Parsed::Command(cli),
        Err(error) => unknown(&error, words).unwrap_or(Parsed::Wrong(error)),
    }
}

/// The definition for clap: every verb explains itself in full, with the program's own name.
pub fn command(name: &Name) -> clap::Command {
    Cli::command().bin_name(name.as_str()).mut_subcommands(|verb| {
        let about = verb.get_long_about().or(verb.get_about()).map(ToString::to_string).unwrap_or_default();
        let examples = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
        let named = |text: &str| text.replace("mycli", name.as_str());
        // clap takes the last dot away.
        verb.about(named(&format!("{}.", about.trim_end_matches('.')))).after_help(named(&examples))
    })
}

fn unknown(error: &clap::Error, words: &[OsString]) -> Option<Parsed> {
    if error.kind() != ErrorKind::InvalidSubcommand {
        return None;
    }
    let Some(ContextValue::String(topic)) = error.get(ContextKind::InvalidSubcommand) else {
        return None;
    };
    let place = words.iter().position(|word| word.as_os_str() == topic.as_str())?;
    let suggestion = match error.get(ContextKind::SuggestedSubcommand) {
        Some(ContextValue::String(suggestion)) => Some(suggestion.clone()),
        Some(ContextValue::Strings(suggestions)) => suggestions.last().cloned(),
        _ => None,
    };
    Some(Parsed::Unknown { topic: topic.clone(), rest: words[place + 1..].to_vec(), suggestion })
}

#[cfg(test)]
mod tests {
    use super::{Cli, command};
    use crate::name::Name;
    use clap::CommandFactory as _;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_verb_explains_itself() {
        for verb in command(&Name::of_program(None)).get_subcommands() {
            let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
            assert!(about.ends_with('.') && about.len() > 20, "{}: {about:?}", verb.get_name());
        }
    }
}
