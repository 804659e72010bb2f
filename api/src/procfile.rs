//! The Procfile: which process types an app has, and the command of each.
//!
//! Deis reads it as a YAML map from words to words. This is the part of YAML that Procfiles are written in: one
//! `<type>: <command>` a line, comments, values in quotes.

use std::collections::BTreeMap;

use crate::names::ProcessType;

/// Types and their commands.
pub type Types = BTreeMap<String, String>;

/// Why a text is no Procfile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidProcfile {
    /// Neither a comment nor `<type>: <command>`.
    #[error("{0:?} is not a line of a Procfile; one looks like this: web: /bin/serve")]
    Line(String),
    /// In the words that the API answers.
    #[error("{0}")]
    Type(String),
    /// A type without a command, in Deis's words.
    #[error("Command can't be empty for process type")]
    Empty,
}

/// Reads a Procfile. Of a type that stands twice the last one counts, as in YAML for Deis.
pub fn parse(text: &str) -> Result<Types, InvalidProcfile> {
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    lines.filter(|line| !is_void(line)).map(entry).collect()
}

/// Nothing, a comment, or YAML's marks of a document.
fn is_void(line: &str) -> bool {
    line.is_empty() || line.starts_with('#') || matches!(line, "---" | "..." | "{}")
}

fn entry(line: &str) -> Result<(String, String), InvalidProcfile> {
    let (name, command) = line.split_once(':').ok_or_else(|| InvalidProcfile::Line(line.to_owned()))?;
    let name = ProcessType::parse(unquoted(name.trim())).map_err(|error| InvalidProcfile::Type(error.to_string()))?;
    let command = scalar(command.trim());
    if command.is_empty() {
        return Err(InvalidProcfile::Empty);
    }
    Ok((name.into(), command))
}

/// A value as YAML has it: in quotes, or plain up to ` #`. Nothing for YAML's null.
#[must_use]
pub fn scalar(text: &str) -> String {
    let comments = text.match_indices(" #").map(|(at, _)| text[..at].trim_end());
    let mut wholes = std::iter::once(text).chain(comments);
    if let Some(whole) = wholes.find(|whole| unquoted(whole).len() < whole.len()) {
        let inner = unquoted(whole);
        return if whole.starts_with('"') { inner.replace("\\\"", "\"") } else { inner.replace("''", "'") };
    }
    let plain = text.find(" #").map_or(text, |comment| &text[..comment]);
    let plain = if plain.starts_with('#') { "" } else { plain.trim_end() };
    if matches!(plain, "~" | "null") { String::new() } else { plain.to_owned() }
}

/// The inside of a text that stands in quotes as a whole.
fn unquoted(text: &str) -> &str {
    let inside = |quote: char, escaped: &str| {
        let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
        (!inner.replace(escaped, "").contains(quote)).then_some(inner)
    };
    inside('"', "\\\"").or_else(|| inside('\'', "''")).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match parse(text) {
            Ok(types) => types.iter().flat_map(|(name, command)| [name, " -> ", command, "\n"]).collect(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn reads_what_procfiles_have() {
        let text = "# ours\nweb: python -m http.server $PORT # the site\r\n\nworker-2: \"run 'it' \\\"now\\\"\"\n'cron': 'it''s'\n";
        insta::assert_snapshot!(shown(text), @r#"
        cron -> it's
        web -> python -m http.server $PORT
        worker-2 -> run 'it' "now"
        "#);
        assert_eq!(shown("web: echo a:b 'c' \"d\"\nweb:serve"), "web -> serve\n");
        assert_eq!(shown("web: 'a' && 'b'"), "web -> 'a' && 'b'\n");
        assert_eq!(shown("web: \"a # b\" # c"), "web -> a # b\n");
        assert_eq!(shown("---\n{}\n"), "");
    }

    #[test]
    fn says_what_is_wrong() {
        insta::assert_snapshot!(shown("web"), @r#""web" is not a line of a Procfile; one looks like this: web: /bin/serve"#);
        insta::assert_snapshot!(shown("web:   # later"), @"Command can't be empty for process type");
        insta::assert_snapshot!(shown("web: ''"), @"Command can't be empty for process type");
        insta::assert_snapshot!(shown("web: ~"), @"Command can't be empty for process type");
        insta::assert_snapshot!(shown("Web_1: x"), @"Process types can only contain lowercase alphanumeric characters");
    }
}
