//! The machine's certificates, for what a build runs: where a network re-signs everything, nothing is fetched without them.
//!
//! They are shown through /dev, and named by variables that only the build has. So the image knows nothing of either.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{files, layout};

/// The machine's bundle.
const BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";
/// What programs that fetch things look at.
const VARIABLES: [&str; 10] = [
    "AWS_CA_BUNDLE",
    "CARGO_HTTP_CAINFO",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "NODE_EXTRA_CA_CERTS",
    "PIP_CERT",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "UV_NATIVE_TLS",
    "npm_config_cafile",
];

/// Puts the bundle where builds find it.
pub fn ensure() -> Result<()> {
    if !Path::new(BUNDLE).exists() {
        return Ok(());
    }
    let bundle = std::fs::read(BUNDLE).context("cannot read the machine's certificates")?;
    files::write(&path(), &bundle, 0o644)
}

fn path() -> PathBuf {
    Path::new(layout::SHARED).join("ca-certificates.crt")
}

/// The variables that name it; none when there is none.
pub fn variables() -> Vec<(&'static str, String)> {
    if !path().exists() {
        return Vec::new();
    }
    let value = |name: &str| if name == "UV_NATIVE_TLS" { "true".to_owned() } else { path().display().to_string() };
    VARIABLES.iter().map(|name| (*name, value(name))).collect()
}
