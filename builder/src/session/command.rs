//! What a client may ask to run. Everything that passes here is one of three things and bears a parsed name.

use api::names::AppName;

/// Longer than any that is meant.
const LONGEST: usize = 256;

/// What is to be run.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// `ping`
    Ping,
    /// `git-receive-pack '<app>.git'` and its counterpart.
    Git { verb: Verb, app: AppName },
}

/// Which way commits go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Push,
    Fetch,
}

/// Why a command is not run.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("This server runs nothing but git: push with `git push`, fetch with `git fetch`.")]
    NotGit,
    #[error("No repo given")]
    NoRepository,
    #[error("That is no name of an app. The URL of a repository ends with /<app>.git; `mycli git:remote` sets it.")]
    Name,
}

impl Command {
    /// The only way to a command.
    pub fn parse(line: &[u8]) -> Result<Self, Refused> {
        let text = std::str::from_utf8(line).map_err(|_not_text| Refused::NotGit)?;
        if text.len() > LONGEST || text.contains(char::is_control) {
            return Err(Refused::NotGit);
        }
        let words = shell_words::split(text).map_err(|_open_quote| Refused::NotGit)?;
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let verb = match words.first() {
            Some(&"ping") if words.len() == 1 => return Ok(Self::Ping),
            Some(&"git-receive-pack") => Verb::Push,
            Some(&"git-upload-pack") => Verb::Fetch,
            _ => return Err(Refused::NotGit),
        };
        match words[1..] {
            [path] => Ok(Self::Git { verb, app: name(path)? }),
            [] => Err(Refused::NoRepository),
            _ => Err(Refused::NotGit),
        }
    }
}

fn name(path: &str) -> Result<AppName, Refused> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let name = path.strip_suffix(".git").unwrap_or(path);
    if name.is_empty() {
        return Err(Refused::NoRepository);
    }
    AppName::parse(name).map_err(|_invalid| Refused::Name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_git_sends_passes() {
        for (line, verb) in [
            ("git-receive-pack 'shiny-fox.git'", Verb::Push),
            ("git-receive-pack '/shiny-fox.git'", Verb::Push),
            ("git-upload-pack \"shiny-fox\"", Verb::Fetch),
            ("git-upload-pack shiny-fox.git", Verb::Fetch),
        ] {
            let app = AppName::parse("shiny-fox").unwrap();
            assert_eq!(Command::parse(line.as_bytes()), Ok(Command::Git { verb, app }), "{line}");
        }
        assert_eq!(Command::parse(b"ping"), Ok(Command::Ping));
    }

    #[test]
    fn all_else_is_refused_in_words() {
        let lines = [
            "",
            "ls",
            "ping -c 1",
            "git-upload-archive 'a.git'",
            "git-receive-pack",
            "git-receive-pack ''",
            "git-receive-pack '.git'",
            "git-receive-pack '../a.git'",
            "git-receive-pack '--upload-pack=a'",
            "git-receive-pack a.git b.git",
            "git-receive-pack '$(id).git'",
            "git-receive-pack 'a.git",
            "scp -t /",
            "git-receive-pack 'a.git'; id",
            "git receive-pack 'a.git'",
            "git-receive-pack '//a.git'",
        ];
        let told: Vec<_> =
            lines.iter().map(|line| format!("{line:?}: {:?}", Command::parse(line.as_bytes()).unwrap_err())).collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
        "": NotGit
        "ls": NotGit
        "ping -c 1": NotGit
        "git-upload-archive 'a.git'": NotGit
        "git-receive-pack": NoRepository
        "git-receive-pack ''": NoRepository
        "git-receive-pack '.git'": NoRepository
        "git-receive-pack '../a.git'": Name
        "git-receive-pack '--upload-pack=a'": Name
        "git-receive-pack a.git b.git": NotGit
        "git-receive-pack '$(id).git'": Name
        "git-receive-pack 'a.git": NotGit
        "scp -t /": NotGit
        "git-receive-pack 'a.git'; id": NotGit
        "git receive-pack 'a.git'": NotGit
        "git-receive-pack '//a.git'": Name
        "#);
    }

    proptest! {
        #[test]
        fn no_hostile_name_passes(name in r"(?s).{0,80}", quote in "['\" ]", end in "(\\.git)?") {
            let line = format!("git-receive-pack {quote}{name}{end}{quote}");
            if let Ok(Command::Git { app, .. }) = Command::parse(line.as_bytes()) {
                prop_assert!(AppName::parse(app.as_str()).is_ok());
                prop_assert!(line.contains(app.as_str()));
            }
        }

        #[test]
        fn no_bytes_upset_it(line in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(Command::parse(&line).is_err());
        }
    }
}
