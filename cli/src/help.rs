//! The help that is not about one verb: the overview and the topics'.

use std::ffi::OsString;

use anyhow::Result;
use clap::CommandFactory as _;

use crate::{
    args::{self, Cli},
    exit::Exit,
    name::Name,
    ui::Ui,
};

/// A group of verbs.
#[derive(Debug, PartialEq, Eq)]
pub struct Topic {
    name: &'static str,
    about: &'static str,
    /// What its verbs are called in its help.
    label: &'static str,
}

/// The topics in the order of the overview.
const TOPICS: &[Topic] = &[
    Topic::new("apps", "manage applications used to provide services"),
    Topic::new("audit", "see who did what"),
    Topic::new("auth", "register, log in and manage accounts"),
    Topic::new("autoscale", "manage autoscale rules of an application"),
    Topic::new("builds", "manage builds created from commits and images"),
    Topic::new("certs", "manage certificates of domains").labelled("certificates"),
    Topic::new("config", "manage environment variables that define app config"),
    Topic::new("domains", "manage and assign domain names to your applications"),
    Topic::new("drains", "manage where the log of an application is sent on to"),
    Topic::new("git", "manage git remotes of applications"),
    Topic::new("healthchecks", "manage healthchecks for applications"),
    Topic::new("keys", "manage ssh keys used for `git push` deployments").labelled("SSH keys"),
    Topic::new("labels", "manage labels of applications"),
    Topic::new("limits", "manage resource limits for your application"),
    Topic::new("maintenance", "manage maintenance mode of an application"),
    Topic::new("perms", "manage permissions for applications"),
    Topic::new("profiles", "manage platforms that you are logged in to"),
    Topic::new("ps", "manage processes inside an app container").labelled("processes"),
    Topic::new("registry", "manage private registry information for your application"),
    Topic::new("releases", "manage releases of an application"),
    Topic::new("routing", "manage routability of an application"),
    Topic::new("runs", "manage one-off runs that are under way"),
    Topic::new("services", "manage the process types that answer some paths"),
    Topic::new("shortcuts", "show the short forms of commands"),
    Topic::new("tags", "manage tags for application containers"),
    Topic::new("timeouts", "manage the time that processes get to stop"),
    Topic::new("tls", "manage TLS settings for applications"),
    Topic::new("tokens", "manage tokens that programs call the platform with"),
    Topic::new("users", "manage users"),
    Topic::new("whitelist", "manage whitelisted addresses of an application"),
];

/// The everyday commands of the overview.
const EVERYDAY: [&str; 8] = ["create", "destroy", "info", "logs", "open", "pull", "run", "scale"];
/// Commands without a topic, about this program itself.
const OURS: [&str; 3] = ["completion", "doctor", "version"];
const ACCOUNT: [&str; 3] = ["register", "login", "logout"];

/// Which help a command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Wanted {
    /// No command at all.
    Usage,
    /// The overview.
    Overview,
    /// The verbs of a topic.
    Topic(&'static Topic),
    /// One verb, which clap explains.
    Verb(String),
}

/// The help that `words` (the command line without its first) ask for; none when they are a command.
pub fn wanted(words: &[OsString]) -> Option<Wanted> {
    let words: Vec<&str> = words.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    match *without_config(&words) {
        [] => Some(Wanted::Usage),
        ["help" | "--help" | "-h"] => Some(Wanted::Overview),
        ["help", command, ..] => Some(topic(command).map_or_else(|| Wanted::Verb(command.to_owned()), Wanted::Topic)),
        [command, "--help" | "-h"] => topic(command).map(Wanted::Topic),
        // It has no verb to run when nothing else is said.
        ["auth"] => topic("auth").map(Wanted::Topic),
        _ => None,
    }
}

/// Prints it.
pub fn print(wanted: &Wanted, name: &Name, ui: &Ui) -> Result<Exit> {
    match wanted {
        Wanted::Usage => {
            ui.warn(&format!("Usage: {name} <command> [<args>...]"))?;
            ui.hint(&format!("`{name} help` lists the commands."))?;
            return Ok(Exit::Failed);
        }
        Wanted::Overview => ui.say(overview(name))?,
        Wanted::Topic(topic) => ui.say(verbs(topic))?,
        Wanted::Verb(verb) => return verb_help(verb, name, ui),
    }
    Ok(Exit::Done)
}

fn verb_help(verb: &str, name: &Name, ui: &Ui) -> Result<Exit> {
    let words = [verb.into(), "--help".into()];
    match args::parse(name, &words) {
        args::Parsed::Wrong(error) if !error.use_stderr() => {
            ui.clap(&error)?;
            Ok(Exit::Done)
        }
        _ => crate::plugin::run(name, ui, verb, &words[1..], None),
    }
}

impl Topic {
    const fn new(name: &'static str, about: &'static str) -> Self {
        Self { name, about, label: name }
    }

    const fn labelled(self, label: &'static str) -> Self {
        Self { label, ..self }
    }
}

/// Every topic and what it is about.
pub fn topics() -> impl Iterator<Item = (&'static str, &'static str)> {
    TOPICS.iter().map(|topic| (topic.name, topic.about))
}

fn topic(word: &str) -> Option<&'static Topic> {
    TOPICS.iter().find(|topic| topic.name == word)
}

/// `-c <cfg>` may stand before the command.
fn without_config<'a, 'b>(words: &'b [&'a str]) -> &'b [&'a str] {
    match words {
        ["-c" | "--config", _, rest @ ..] => rest,
        [word, rest @ ..] if word.starts_with("--config=") => rest,
        _ => words,
    }
}

fn overview(name: &Name) -> String {
    let profile = name.variable("PROFILE");
    let account = rows(ACCOUNT.iter().map(|verb| (*verb, about(verb))));
    let topics = rows(TOPICS.iter().map(|topic| (topic.name, topic.about.to_owned())));
    let ours = rows(OURS.iter().map(|verb| (*verb, about(verb))));
    let everyday = rows(EVERYDAY.iter().map(|verb| (*verb, about(verb))));
    format!(
        "The {name} command-line client issues API calls to a controller.\n\n\
         Usage: {name} <command> [<args>...]\n\n\
         Options:\n  \
           -h, --help             display this text\n  \
           -v, --version          display the client's version\n  \
           -c, --config=CFG       settings file or profile; the variable {profile} does the same\n\n\
         Auth commands, use '{name} help auth' to learn more:\n{account}\n\n\
         Subcommands, use '{name} help [subcommand]' to learn more:\n{topics}\n\n\
         Shortcut commands, use '{name} shortcuts' to see all:\n{everyday}\n\n\
         Commands about this program:\n{ours}\n\n\
         Use 'git push {remote} main' to deploy a commit to an application, '{name} pull <image>' an image.\n\n\
         Exit codes:\n  \
           0    done, or left as it was because you said no\n  \
           1    not done; standard error says why\n  \
           130  interrupted (Ctrl-C); what the controller was asked for may go on\n  \
           141  nobody reads the output any more\n  \
           '{name} run' and 'ps:exec' end with the exit code of their command.",
        remote = name.remote()
    )
}

fn verbs(topic: &Topic) -> String {
    let command = Cli::command();
    let prefix = format!("{}:", topic.name);
    let verbs = command.get_subcommands().filter(|verb| verb.get_name().starts_with(&prefix));
    let rows = rows(verbs.map(|verb| (verb.get_name(), text(verb))));
    format!("Valid commands for {}:\n\n{rows}", topic.label)
}

fn rows<'a>(rows: impl Iterator<Item = (&'a str, String)>) -> String {
    rows.map(|(name, about)| format!("  {name:<22} {about}")).collect::<Vec<_>>().join("\n")
}

fn about(verb: &str) -> String {
    Cli::command().find_subcommand(verb).map(text).unwrap_or_default()
}

/// A verb's first sentence as an entry of a list: `creates an application`.
fn text(verb: &clap::Command) -> String {
    let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
    let mut letters = about.trim_end_matches('.').chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{OURS, Wanted, topic, wanted};
    use crate::args::Cli;
    use clap::CommandFactory as _;

    #[test]
    fn every_topic_is_in_the_overview() {
        for verb in Cli::command().get_subcommands().filter(|verb| !verb.is_hide_set()) {
            let name = verb.get_name().split(':').next().unwrap();
            assert!(OURS.contains(&name) || topic(name).is_some(), "{name}");
        }
    }

    #[test]
    fn forms() {
        let words = |line: &str| line.split_whitespace().map(Into::into).collect::<Vec<_>>();
        let verbs = |name| topic(name).map(Wanted::Topic);
        for (line, expected) in [
            ("", Some(Wanted::Usage)),
            ("-c prod", Some(Wanted::Usage)),
            ("help", Some(Wanted::Overview)),
            ("--config=prod -h", Some(Wanted::Overview)),
            ("help apps", verbs("apps")),
            ("ps --help", verbs("ps")),
            ("help apps:create", Some(Wanted::Verb("apps:create".to_owned()))),
            ("auth", verbs("auth")),
            ("apps", None),
            ("create --help", None),
            ("run -- help", None),
        ] {
            assert_eq!(wanted(&words(line)), expected, "{line}");
        }
    }
}
