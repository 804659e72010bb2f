//! What a push would change: one branch that is deployed, or a refusal that names the right command.

use super::Refused;

const MAIN: &str = "refs/heads/main";
const MASTER: &str = "refs/heads/master";

/// The one change.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Update<'a> {
    /// The whole id of the commit.
    pub new: &'a str,
    /// `refs/heads/main` or `refs/heads/master`.
    pub reference: &'a str,
}

impl<'a> Update<'a> {
    /// Reads the hook's input: `<old id> <new id> <ref>`, a line each.
    pub fn only(text: &'a str) -> Result<Self, Refused> {
        let mut lines = text.lines();
        let (Some(line), None) = (lines.next(), lines.next()) else {
            return refuse("A push deploys one branch. Push it alone: git push <remote> main");
        };
        let mut fields = line.splitn(3, ' ').skip(1);
        let (Some(new), Some(reference)) = (fields.next(), fields.next()) else {
            return refuse("This push cannot be read. Push again: git push <remote> main");
        };
        if !matches!(new.len(), 40 | 64) || !new.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return refuse("This push cannot be read. Push again: git push <remote> main");
        }
        if new.bytes().all(|byte| byte == b'0') {
            return refuse("Branches of an app cannot be deleted. To remove the app itself: mycli destroy");
        }
        if reference == MAIN || reference == MASTER {
            return Ok(Self { new, reference });
        }
        refuse(&advice(reference))
    }
}

fn advice(reference: &str) -> String {
    let command = |source: &str| format!("git push <remote> {}", shell_words::quote(&format!("{source}:main")));
    if let Some(branch) = reference.strip_prefix("refs/heads/") {
        return format!("Only main and master are deployed. To deploy this branch: {}", command(branch));
    }
    if let Some(tag) = reference.strip_prefix("refs/tags/") {
        return format!("Tags are not deployed. To deploy what this one marks: {}", command(&format!("{tag}^{{}}")));
    }
    "Only the branches main and master are deployed: git push <remote> HEAD:main".to_owned()
}

fn refuse<T>(words: &str) -> Result<T, Refused> {
    Err(Refused(words.to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(new: &str, reference: &str) -> String {
        format!("{} {new} {reference}\n", "0".repeat(40))
    }

    #[test]
    fn main_and_master_pass() {
        let sha = "0a".repeat(20);
        for reference in [MAIN, MASTER] {
            assert_eq!(Update::only(&line(&sha, reference)), Ok(Update { new: &sha, reference }));
        }
    }

    #[test]
    fn others_are_told_the_right_command() {
        let (sha, gone) = ("0a".repeat(20), "0".repeat(40));
        let inputs = [
            line(&sha, "refs/heads/topic"),
            line(&sha, "refs/heads/it's"),
            line(&sha, "refs/tags/v1"),
            line(&sha, "refs/notes/commits"),
            line(&gone, MAIN),
            line(&sha, MAIN) + &line(&sha, MASTER),
            String::new(),
            line("--exec=x", MAIN),
        ];
        let told: Vec<_> = inputs.iter().map(|input| Update::only(input).unwrap_err().0).collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        Only main and master are deployed. To deploy this branch: git push <remote> topic:main
        Only main and master are deployed. To deploy this branch: git push <remote> 'it'\''s:main'
        Tags are not deployed. To deploy what this one marks: git push <remote> v1^{}:main
        Only the branches main and master are deployed: git push <remote> HEAD:main
        Branches of an app cannot be deleted. To remove the app itself: mycli destroy
        A push deploys one branch. Push it alone: git push <remote> main
        A push deploys one branch. Push it alone: git push <remote> main
        This push cannot be read. Push again: git push <remote> main
        ");
    }

    proptest! {
        #[test]
        fn nothing_else_passes(text in r"(?s).{0,200}") {
            prop_assert!(Update::only(&text).is_err());
        }
    }
}
