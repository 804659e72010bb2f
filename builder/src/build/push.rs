//! The second sandbox of a build: no network but the way to the app's own repository, and no credential.

use anyhow::{Context, Result, bail};

use super::{buildah, job::PushJob, layout, tidy};

/// Pushes the image; its digest lies in [`layout::DIGEST`] afterwards.
pub fn run(job: &PushJob) -> Result<()> {
    let target = format!("docker://{}", job.target);
    let arguments = ["push", "--quiet", "--tls-verify=false", "--format", "v2s2"];
    let output = buildah::command(&arguments)
        .args(["--digestfile", layout::DIGEST, "--", &job.image, &target])
        .output()
        .context("cannot run buildah")?;
    if !output.status.success() {
        bail!("the image cannot be pushed: {}", buildah::said(&output.stderr));
    }
    tidy::after();
    Ok(())
}
