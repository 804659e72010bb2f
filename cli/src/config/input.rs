//! Values that do not stand on the command line, where other users of the machine and the shell's history see them: from
//! standard input, and from files.

use std::{
    fs,
    io::{self, Read},
    path::Path,
};

use anyhow::{Context as _, Result};

use crate::{report::Failure, ui::Ui};

/// What stands for standard input.
const INPUT: &str = "-";

/// The arguments with the value of `KEY=-`, of which there may be one, taken from standard input.
pub fn filled(items: &[String], ui: &Ui) -> Result<Vec<String>> {
    let mut wanting = items.iter().filter(|item| is_wanting(item));
    let Some(item) = wanting.next() else { return Ok(items.to_vec()) };
    if wanting.next().is_some() {
        return Err(Failure::new("standard input can be the value of one variable only")
            .hint("Several are set at once with --file, each on a line of its own.")
            .into());
    }
    let key = item.strip_suffix("=-").unwrap_or(item);
    let value = value(key, ui)?;
    let fill = |item: &String| if is_wanting(item) { format!("{key}={value}") } else { item.clone() };
    Ok(items.iter().map(fill).collect())
}

/// True when the argument takes its value from standard input.
pub fn is_wanting(item: &str) -> bool {
    item.split_once('=').is_some_and(|(key, value)| value == INPUT && !key.starts_with('#'))
}

/// True for the name of standard input.
pub fn is_input(file: &Path) -> bool {
    file == Path::new(INPUT)
}

/// The text of a file; `-` is standard input.
pub fn text(file: &Path) -> Result<String> {
    if is_input(file) {
        return io::read_to_string(io::stdin()).context("cannot read standard input");
    }
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

/// All of standard input but the end of its last line; on a terminal a line that is not shown.
fn value(key: &str, ui: &Ui) -> Result<String> {
    let mut bytes = Vec::new();
    if ui.can_ask() {
        bytes = ui.ask_hidden(&format!("value of {key}: "))?.into_bytes();
    } else {
        io::stdin().read_to_end(&mut bytes).context("cannot read standard input")?;
    }
    if bytes.is_empty() {
        // A command in front of the pipe that failed looks like this.
        return Err(Failure::new(format!("standard input is empty, so {key} was not set"))
            .hint(format!("`{key}=` sets an empty value."))
            .into());
    }
    let text = String::from_utf8(bytes).map_err(|_| {
        Failure::new(format!("standard input is not text in UTF-8, so it cannot be the value of {key}"))
            .hint("Encode it, with base64 for example, and have the application decode it.")
    })?;
    Ok(without_line_end(&text).to_owned())
}

/// One line end less: it comes from `echo` and editors, and hardly ever belongs to a secret.
fn without_line_end(text: &str) -> &str {
    match text.strip_suffix('\n') {
        Some(line) => line.strip_suffix('\r').unwrap_or(line),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::{is_wanting, without_line_end};

    #[test]
    fn one_line_end_goes() {
        for (text, value) in
            [("a", "a"), ("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), ("a\r", "a\r"), ("\n", ""), (" a \n", " a ")]
        {
            assert_eq!(without_line_end(text), value, "{text:?}");
        }
    }

    #[test]
    fn only_a_dash_alone_means_standard_input() {
        for (item, wanting) in
            [("A=-", true), ("A=--", false), ("A=a-", false), ("A", false), ("-", false), ("#A=-", false)]
        {
            assert_eq!(is_wanting(item), wanting, "{item}");
        }
    }
}
