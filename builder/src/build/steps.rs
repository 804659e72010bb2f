//! The output of `buildah build` in the words of a docker build.

use super::layout;

/// The output so far.
#[derive(Default)]
pub struct Steps {
    /// The last line told the name of the image, so that its id follows.
    tagged: bool,
}

impl Steps {
    /// What becomes of the next line: its new form, or nothing.
    pub fn rewrite(&mut self, line: &str) -> Option<String> {
        let tagged =
            std::mem::replace(&mut self.tagged, line.strip_prefix("Successfully tagged ") == Some(layout::IMAGE));
        if self.tagged || (tagged && is_id(line)) || is_noise(line) {
            return None;
        }
        if let Some(word) = unknown_instruction(line) {
            return Some(format!("Unknown instruction: {word}"));
        }
        Some(layer(line).or_else(|| step(line)).unwrap_or_else(|| line.to_owned()))
    }
}

/// What `buildah` says about itself: of arguments that a Dockerfile need not use, of a name that only we use, and twice that
/// something failed.
fn is_noise(line: &str) -> bool {
    line.starts_with("[Warning] one or more build args were not consumed")
        || line.starts_with("subprocess exited with status ")
        || line.contains("(UNHANDLED LOGLEVEL)")
        || (line.starts_with("time=") && line.contains("level=warning") && line.contains("build argument. Try adding"))
        || staged(line).is_some_and(|(_, rest)| rest.strip_prefix("COMMIT ") == Some(layout::IMAGE))
}

fn is_id(line: &str) -> bool {
    line.len() == 64 && line.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `--> 769cd3cf47c` as ` ---> 769cd3cf47c`; of a cached layer, whose id the next line tells, only that it is one.
fn layer(line: &str) -> Option<String> {
    let (_, rest) = staged(line)?;
    match rest.strip_prefix("--> ")? {
        cached if cached.starts_with("Using cache ") => Some(" ---> Using cache".to_owned()),
        id if id.bytes().all(|byte| byte.is_ascii_hexdigit()) => Some(format!(" ---> {id}")),
        _ => None,
    }
}

/// `STEP 1/5: X` and `[1/2] STEP 1/5: X` as `Step 1/5 : X`.
fn step(line: &str) -> Option<String> {
    let (stage, rest) = staged(line)?;
    let (number, text) = rest.strip_prefix("STEP ")?.split_once(": ")?;
    Some(if stage.is_empty() { format!("Step {number} : {text}") } else { format!("[{stage}] Step {number} : {text}") })
}

/// The stage that a line of a build with several of them begins with, and the rest.
fn staged(line: &str) -> Option<(&str, &str)> {
    let Some(inner) = line.strip_prefix('[') else { return Some(("", line)) };
    inner.split_once("] ").filter(|(stage, _)| stage.bytes().all(|byte| byte.is_ascii_digit() || byte == b'/'))
}

fn unknown_instruction(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("Unknown instruction: ")?;
    rest.split_whitespace().next().map(|word| word.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "769cd3cf47c0a1b2c3d4e5f60718293a4b5c6d7e8f9012345678901234567890";

    fn shown(lines: &[&str]) -> String {
        let mut steps = Steps::default();
        lines.iter().filter_map(|line| steps.rewrite(line)).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn speaks_as_docker_did() {
        let lines = [
            "STEP 1/5: FROM scratch",
            "[1/2] STEP 2/3: RUN true",
            "[x] STEP 2/3: RUN true",
            &format!("--> Using cache {ID}"),
            "--> 769cd3cf47c",
            "Error: building at STEP \"BLAH \": Build error: Unknown instruction: \"BLAH\" &imagebuilder.Step{Env:[]string{\"A=secret\"}}",
            "subprocess exited with status 1",
            "[Warning] one or more build args were not consumed: [BAR]",
        ];
        insta::assert_snapshot!(shown(&lines), @"
        Step 1/5 : FROM scratch
        [1/2] Step 2/3 : RUN true
        [x] STEP 2/3: RUN true
         ---> Using cache
         ---> 769cd3cf47c
        Unknown instruction: BLAH
        ");
    }

    #[test]
    fn a_name_that_only_we_use_is_not_shown() {
        let lines = [
            ID,
            "COMMIT localhost/slipway-build:latest",
            "--> 769cd3cf47c",
            "[2/2] COMMIT localhost/slipway-build:latest",
            "Successfully tagged localhost/slipway-build:latest",
            ID,
            "COMMIT and push",
            "--> of a program",
        ];
        let own = shown(&lines);
        assert_eq!(own, format!("{ID}\n ---> 769cd3cf47c\nCOMMIT and push\n--> of a program"));
    }
}
