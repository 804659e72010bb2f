//! `.slugignore`: what of the app does not go into the image. The patterns are those of `tar`, as Deis had it; one that begins
//! with a slash counts from the app's folder, as Heroku has it.

use std::path::Path;

use anyhow::{Result, bail};

/// Patterns, in the two ways in which `tar` reads them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Ignored {
    /// Counted from the app's folder.
    pub anchored: String,
    /// Found at any depth.
    pub anywhere: String,
}

/// Reads the app's file, if there is one.
pub fn read(tree: &Path) -> Result<Ignored> {
    match std::fs::read_to_string(tree.join(".slugignore")) {
        Ok(text) => Ok(parse(&text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Ignored::default()),
        Err(error) => bail!(".slugignore cannot be read: {error}"),
    }
}

fn parse(text: &str) -> Ignored {
    let mut ignored = Ignored::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', '!'])) {
        let pattern = line.trim_end_matches('/');
        if pattern.contains('/') {
            let inner = pattern.trim_start_matches("./").trim_start_matches('/');
            ignored.anchored.extend(["./", inner, "\n"]);
        } else {
            ignored.anywhere.extend([pattern, "\n"]);
        }
    }
    ignored
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let ignored = parse("# not needed\n*.psd\n/test\ndocs/\n!docs/keep\nspec/big\n\n");
        assert_eq!(
            ignored,
            Ignored { anchored: "./test\n./spec/big\n".to_owned(), anywhere: "*.psd\ndocs\n".to_owned() }
        );
    }
}
