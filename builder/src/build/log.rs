//! What the pusher sees: standard output, line by line.

use std::io::Write;

/// How far what belongs to a step is indented.
const BELOW: &str = "       ";
/// How a buildpack's warning begins.
const WARNING: &str = " !";

/// One line. Nobody to read it is no reason to stop.
pub fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// The heading of a step.
pub fn step(text: &str) {
    say(&format!("-----> {text}"));
}

/// What belongs to a step. Headings that come from buildpacks stay headings.
pub fn detail(text: &str) {
    say(&indented(text));
}

/// Below the heading, as deep as it was meant to be: buildpacks of Heroku's indent by themselves, their warnings less.
fn indented(line: &str) -> String {
    let text = line.trim();
    if text.starts_with("--") || text.starts_with("==") {
        text.to_owned()
    } else if line.starts_with(BELOW) || line.starts_with(WARNING) {
        line.trim_end().to_owned()
    } else {
        format!("{BELOW}{line}").trim_end().to_owned()
    }
}

/// A size for people.
#[expect(clippy::cast_precision_loss, reason = "one digit behind the point is shown")]
pub fn size(bytes: u64) -> String {
    let mut amount = bytes as f64;
    for unit in ["B", "K", "M"] {
        if amount < 1024.0 {
            return if unit == "B" { format!("{bytes}{unit}") } else { format!("{amount:.1}{unit}") };
        }
        amount /= 1024.0;
    }
    format!("{amount:.1}G")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_buildpacks_are_indented_once() {
        let lines =
            ["-----> Installing", "  Collecting flask", "done", "", " =====> Next", " !     Old", "        deeper"];
        insta::assert_snapshot!(lines.map(indented).join("\n"), @"
        -----> Installing
                 Collecting flask
               done

        =====> Next
         !     Old
                deeper
        ");
    }

    #[test]
    fn sizes() {
        assert_eq!([0, 1023, 1536, 14 << 20, 3 << 30].map(size), ["0B", "1023B", "1.5K", "14.0M", "3.0G"]);
    }
}
