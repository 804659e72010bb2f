//! Which arguments are names of something, and of what.

/// What an argument names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An app.
    App,
    /// A certificate.
    Certificate,
    /// A domain of the app.
    Domain,
    /// One of the user's SSH keys.
    Key,
    /// A process type of the app.
    ProcessType,
    /// A profile.
    Profile,
    /// A release of the app.
    Release,
    /// A config variable of the app.
    Variable,
}

impl Kind {
    /// What the argument `id` of `verb` names.
    pub fn of(verb: &str, id: &str) -> Option<Self> {
        Some(match (verb, id) {
            (_, "app") | ("apps:destroy", "confirm") => Self::App,
            ("certs:attach" | "certs:detach" | "certs:info" | "certs:remove", "name") => Self::Certificate,
            ("config:set", "pairs") | ("config:unset", "keys") => Self::Variable,
            ("domains:remove", "domain") => Self::Domain,
            ("keys:remove", "key") => Self::Key,
            ("limits:unset" | "timeouts:unset", "types")
            | ("limits:set", "limits")
            | ("ps:exec", "process" | "instance")
            | ("ps:restart", "target")
            | ("ps:scale", "counts")
            | ("timeouts:set", "timeouts")
            | (_, "process_type") => Self::ProcessType,
            ("profiles:remove" | "profiles:use", "name") | (_, "config") => Self::Profile,
            ("releases:info" | "releases:rollback", "version") => Self::Release,
            _ => return None,
        })
    }

    /// True where `=` and a value follow the name.
    pub fn is_pair(id: &str) -> bool {
        matches!(id, "counts" | "limits" | "pairs" | "timeouts")
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;
    use crate::args::Cli;
    use clap::CommandFactory as _;

    /// A verb or argument that was given another name would silently be completed no more.
    #[test]
    fn every_argument_is_there() {
        let mut cli = Cli::command();
        cli.build();
        for (verb, id) in [
            ("apps:destroy", "confirm"),
            ("autoscale:set", "process_type"),
            ("certs:attach", "name"),
            ("config:set", "pairs"),
            ("config:unset", "keys"),
            ("domains:remove", "domain"),
            ("keys:remove", "key"),
            ("limits:set", "limits"),
            ("limits:unset", "types"),
            ("profiles:use", "name"),
            ("ps:list", "app"),
            ("ps:list", "config"),
            ("ps:exec", "process"),
            ("ps:restart", "target"),
            ("ps:scale", "counts"),
            ("releases:rollback", "version"),
            ("timeouts:set", "timeouts"),
        ] {
            let command = cli.find_subcommand(verb).unwrap();
            assert!(command.get_arguments().any(|arg| arg.get_id() == id), "{verb} has no {id}");
            assert!(Kind::of(verb, id).is_some(), "{verb} {id}");
        }
    }
}
