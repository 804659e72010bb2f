//! What people read while it takes its time. It goes to standard error: the outcome alone is on standard output.

use std::{
    fmt::Display,
    io::{Write, stderr},
};

/// Says how far things are.
pub fn say(what: impl Display) {
    // Nothing depends on anybody reading it.
    let _ = writeln!(stderr(), "{what}");
}

/// An amount of bytes for people.
pub fn size(bytes: u64) -> String {
    let mut unit = "B";
    let (mut whole, mut tenth) = (bytes, 0);
    for larger in ["kB", "MB", "GB", "TB"] {
        if whole < 1000 {
            break;
        }
        (whole, tenth, unit) = (whole / 1000, whole % 1000 / 100, larger);
    }
    if unit == "B" { format!("{whole} B") } else { format!("{whole}.{tenth} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let sizes = [0, 999, 1000, 1_550_000, 12_345_678_901].map(size);
        assert_eq!(sizes, ["0 B", "999 B", "1.0 kB", "1.5 MB", "12.3 GB"]);
    }
}
