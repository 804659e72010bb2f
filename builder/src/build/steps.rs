//! The output of `buildah build` in the words of a docker build.

/// What becomes of a line: its new form, or nothing.
pub fn rewrite(line: &str) -> Option<String> {
    if is_noise(line) {
        return None;
    }
    if let Some(word) = unknown_instruction(line) {
        return Some(format!("Unknown instruction: {word}"));
    }
    Some(step(line).unwrap_or_else(|| line.to_owned()))
}

/// What `buildah` says about itself: of arguments that a Dockerfile need not use, and twice that something failed.
fn is_noise(line: &str) -> bool {
    line.starts_with("[Warning] one or more build args were not consumed")
        || line.starts_with("subprocess exited with status ")
        || line.contains("(UNHANDLED LOGLEVEL)")
        || (line.starts_with("time=") && line.contains("level=warning") && line.contains("build argument. Try adding"))
}

/// `STEP 1/5: X` and `[1/2] STEP 1/5: X` as `Step 1/5 : X`.
fn step(line: &str) -> Option<String> {
    let (stage, rest) = match line.strip_prefix('[') {
        Some(inner) => inner.split_once("] ")?,
        None => ("", line),
    };
    if !stage.bytes().all(|byte| byte.is_ascii_digit() || byte == b'/') {
        return None;
    }
    let (number, text) = rest.strip_prefix("STEP ")?.split_once(": ")?;
    Some(if stage.is_empty() { format!("Step {number} : {text}") } else { format!("[{stage}] Step {number} : {text}") })
}

fn unknown_instruction(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("Unknown instruction: ")?;
    rest.split_whitespace().next().map(|word| word.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speaks_as_docker_did() {
        let lines = [
            "STEP 1/5: FROM scratch",
            "[1/2] STEP 2/3: RUN true",
            "[x] STEP 2/3: RUN true",
            "--> Using cache 51d95d3b234",
            "Error: building at STEP \"BLAH \": Build error: Unknown instruction: \"BLAH\" &imagebuilder.Step{Env:[]string{\"A=secret\"}}",
            "subprocess exited with status 1",
            "[Warning] one or more build args were not consumed: [BAR]",
        ];
        let shown: Vec<_> = lines.iter().filter_map(|line| rewrite(line)).collect();
        insta::assert_snapshot!(shown.join("\n"), @"
        Step 1/5 : FROM scratch
        [1/2] Step 2/3 : RUN true
        [x] STEP 2/3: RUN true
        --> Using cache 51d95d3b234
        Unknown instruction: BLAH
        ");
    }
}
