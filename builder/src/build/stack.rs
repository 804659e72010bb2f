//! Stack images: made in the shared store, which is writable to this job alone.

use std::{fs::OpenOptions, io::Write, path::Path};

use anyhow::{Context, Result, ensure};

use super::{
    buildah, files,
    job::{StackJob, StackSource},
    layout, log,
};

/// Makes a stack image, or lists them.
pub fn run(job: &StackJob) -> Result<()> {
    let container = match &job.source {
        StackSource::List => {
            let format = "{{.Name}}:{{.Tag}} {{.Size}} {{.CreatedAtRaw}}";
            log::say(&buildah::ask(&["images", "--format", format])?);
            return Ok(());
        }
        StackSource::Remove => {
            let name = format!("localhost/{}", job.name);
            let there = buildah::ask(&["images", "--format", "{{.Name}}:{{.Tag}}"])?;
            ensure!(
                there.lines().any(|line| line == name || line.strip_suffix(":latest") == Some(&name)),
                "there is no stack image {}; `slipway stack list` shows those that there are",
                job.name
            );
            buildah::ask(&["rmi", "--", &name])?;
            log::say(&format!("The stack image {} is gone.", job.name));
            return Ok(());
        }
        StackSource::Tar => buildah::ask(&["from", "scratch"])?,
        StackSource::Image { reference } => buildah::ask(&["from", "--pull-always", "--", reference])?,
    };
    if matches!(job.source, StackSource::Tar) {
        buildah::ask(&["add", "--quiet", "--", &container, layout::SOURCE, "/"])?;
        buildah::ask(&[
            "config",
            "--env",
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "--",
            &container,
        ])?;
    }
    let root = buildah::ask(&["mount", &container])?;
    ensure_user(Path::new(&root))?;
    let name = format!("localhost/{}", job.name);
    buildah::ask(&["commit", "--quiet", "--rm", "--format", "docker", "--", &container, &name])?;
    if let StackSource::Image { reference } = &job.source {
        // Its layers are those of the stack image, which goes without trace when it is removed.
        buildah::ask(&["rmi", "--", reference])?;
    }
    buildah::ask(&["rmi", "--prune", "--force"])?;
    log::say(&format!("The stack image {} is there.", job.name));
    Ok(())
}

/// The user under which buildpacks and their apps run, and its home.
fn ensure_user(root: &Path) -> Result<()> {
    ensure_line(&root.join("etc/passwd"), "slug", "slug:x:2000:2000::/app:/bin/bash")?;
    ensure_line(&root.join("etc/group"), "slug", "slug:x:2000:")?;
    std::fs::create_dir_all(root.join("runner"))?;
    std::fs::create_dir_all(root.join("app"))?;
    files::give(&root.join("app"))
}

fn ensure_line(path: &Path, name: &str, line: &str) -> Result<()> {
    let text = std::fs::read_to_string(path).with_context(|| format!("the image has no {}", path.display()))?;
    if text.lines().any(|line| line.split(':').next() == Some(name)) {
        return Ok(());
    }
    let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    Ok(writeln!(OpenOptions::new().append(true).open(path)?, "{gap}{line}")?)
}
