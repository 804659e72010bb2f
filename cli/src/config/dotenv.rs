//! The `.env` file: one `KEY=value` a line.
//!
//! A value that a line cannot hold is written in double quotes with `\n`, `\r`, `\"` and `\\` in it, so that every
//! value survives the way out and back; Deis's files lost all lines but the first. Everything else is written bare.

use std::fmt::Write as _;

use super::pair::Pair;

/// The lines of a file, as arguments of `config:set`, each with its number. Empty lines and comments are left out.
pub fn parse(text: &str) -> Vec<(usize, String)> {
    let lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    let numbered = (1..).zip(lines);
    numbered
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|(number, line)| (number, item(line)))
        .collect()
}

/// The file that holds `pairs`.
pub fn write(pairs: impl IntoIterator<Item = Pair>) -> String {
    let mut text = String::new();
    for Pair { key, value } in pairs {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{key}={}", quoted(&value));
    }
    text
}

fn item(line: &str) -> String {
    match line.split_once('=').and_then(|(key, value)| Some((key, unquoted(value)?))) {
        Some((key, value)) => format!("{key}={value}"),
        None => line.to_owned(),
    }
}

fn quoted(value: &str) -> String {
    if !value.contains(['\n', '\r']) && !value.starts_with('"') {
        return value.to_owned();
    }
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\r', "\\r");
    format!("\"{escaped}\"")
}

/// The inside of a value in double quotes; none when it is not one.
fn unquoted(value: &str) -> Option<String> {
    let mut rest = value.strip_prefix('"')?.strip_suffix('"')?.chars();
    let mut inside = String::new();
    while let Some(c) = rest.next() {
        inside.push(match c {
            '"' => return None,
            '\\' => match rest.next()? {
                'n' => '\n',
                'r' => '\r',
                other @ ('"' | '\\') => other,
                _ => return None,
            },
            other => other,
        });
    }
    Some(inside)
}

#[cfg(test)]
mod tests {
    use super::{Pair, parse, write};

    #[test]
    fn every_value_survives_the_way_out_and_back() {
        for value in ["", "1", "a b", "a=b", "\"", "\"x\"", "two\nlines", "\r\n", "back\\slash\nand \"quotes\"", "\\n"]
        {
            let text = write([Pair { key: "K".to_owned(), value: value.to_owned() }]);
            assert_eq!(parse(&text), [(1, format!("K={value}"))], "{text}");
        }
    }

    #[test]
    fn files_of_others() {
        let text = "# comment\r\nA=1\r\n\r\nB=\"two words\"\nC='x'\nD=say \"hi\"\n";
        let lines = [(2, "A=1"), (4, "B=two words"), (5, "C='x'"), (6, "D=say \"hi\"")];
        assert_eq!(parse(text), lines.map(|(number, line)| (number, line.to_owned())));
    }
}
