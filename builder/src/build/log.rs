//! What the pusher sees: standard output, line by line.

use std::io::Write;

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

/// As Deis did: what a buildpack indented by itself is not indented twice.
fn indented(line: &str) -> String {
    let text = line.trim();
    if text.starts_with("--") || text.starts_with("==") {
        text.to_owned()
    } else {
        format!("       {text}").trim_end().to_owned()
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
        let lines = ["-----> Installing", "  Collecting flask", "done", "", "=====> Next"].map(indented);
        assert_eq!(lines, ["-----> Installing", "       Collecting flask", "       done", "", "=====> Next"]);
    }

    #[test]
    fn sizes() {
        assert_eq!([0, 1023, 1536, 14 << 20, 3 << 30].map(size), ["0B", "1023B", "1.5K", "14.0M", "3.0G"]);
    }
}
