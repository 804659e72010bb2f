//! Test images: one file system, and a command for each behaviour.

use std::{fs, process::Command};

use sha2::{Digest, Sha256};

use super::engine;

/// What the images are called, before the behaviour's name.
pub const PREFIX: &str = "slipway-test/";

/// The label by which the test images are found: `docker image prune --all --filter label=io.slipway.test`.
pub const RECIPE: &str = "io.slipway.test";

const BEHAVIOURS: [(&str, &[&str]); 10] = [
    ("serves", &["EXPOSE 8080", r#"CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]"#]),
    ("closes", &["EXPOSE 8080", r#"CMD ["sh", "-c", "httpd -f -p 8080 -h /www & sleep 2; kill $!; sleep 3600"]"#]),
    ("stubborn", &["EXPOSE 8080", r#"CMD ["sh", "-c", "trap '' TERM; httpd -f -p 8080 -h /www"]"#]),
    ("deaf", &["EXPOSE 8080", r#"CMD ["sleep", "3600"]"#]),
    ("idles", &[r#"CMD ["sleep", "3600"]"#]),
    ("repeats", &[r#"CMD ["sleep", "3600"]"#]),
    ("works", &[r#"CMD ["sh", "-c", "while :; do :; done"]"#]),
    ("talks", &[r#"CMD ["sh", "-c", "i=0; while :; do echo line $i; i=$((i+1)); sleep 0.02; done"]"#]),
    ("exits", &[r#"CMD ["sh", "-c", "echo first; echo last >&2; exit 3"]"#]),
    ("hungry", &[r#"CMD ["sh", "-c", "exec tail /dev/zero"]"#]),
];

const BASE: &str = r#"
FROM scratch
COPY busybox bash /bin/
RUN ["/bin/busybox", "--install", "-s", "/bin"]
COPY index.html /www/
"#;

/// Builds the images that the engine does not have yet. They stay there for the next tests.
pub async fn build_missing() {
    let engine = engine();
    let mut missing = Vec::new();
    for (name, lines) in BEHAVIOURS {
        let dockerfile = format!("{BASE}{}\n", lines.join("\n"));
        // A label of its own makes sure that an image of an older form is built again.
        let recipe = hex::encode(Sha256::digest(&dockerfile));
        let image = engine.inspect_image(&format!("{PREFIX}{name}")).await.ok();
        let labels = image.and_then(|image| image.config?.labels).unwrap_or_default();
        if labels.get(RECIPE) != Some(&recipe) {
            missing.push((name, format!("{dockerfile}LABEL {RECIPE}={recipe}\n")));
        }
    }
    if !missing.is_empty() {
        build(&missing);
    }
}

/// Builds images from their names, without the prefix, and their recipes.
pub fn build(missing: &[(&str, String)]) {
    let folder = tempfile::tempdir().unwrap();
    for (package, from, to) in
        [("busybox-static", "/bin/busybox", "busybox"), ("bash-static", "/bin/bash-static", "bash")]
    {
        fs::copy(from, folder.path().join(to))
            .unwrap_or_else(|error| panic!("apt install {package} ({from}: {error})"));
    }
    fs::write(folder.path().join("index.html"), "ok\n").unwrap();
    for (name, dockerfile) in missing {
        fs::write(folder.path().join("Dockerfile"), dockerfile).unwrap();
        let tag = format!("{PREFIX}{name}");
        let mut build = Command::new("docker");
        build.args(["build", "--quiet", "--tag", &tag, "."]).current_dir(folder.path()).env("DOCKER_BUILDKIT", "0");
        let output = build.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
