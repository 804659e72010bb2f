//! From a compiled app to an image: the stack image and one layer.

use std::{
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};

use super::{
    super::{buildah, files, job::BuildJob, layout},
    AppTypes,
    release::Release,
    slugignore::Ignored,
    stage::{self, Stage},
};

/// The start program of every image that a buildpack made.
const INIT: &str = include_str!("../init.sh");

/// Makes the image; answers the size of the app in it.
pub fn make(job: &BuildJob, stage: &Stage, release: &Release, types: &AppTypes, ignored: &Ignored) -> Result<u64> {
    // A container of its own: nothing that a buildpack did outside the app's folder comes along.
    let container = stage::from(&stage.stack)?;
    let root = buildah::ask(&["mount", &container])?;
    let root = Path::new(&root);
    let app = root.join("app");
    files::remove(&app)?;
    std::fs::create_dir_all(&app)?;
    copy(Path::new(layout::TREE), &app, ignored)?;
    write_types(&app, types)?;
    files::give(&app)?;
    let runner = root.join("runner");
    std::fs::create_dir_all(&runner)?;
    std::fs::set_permissions(&runner, std::fs::Permissions::from_mode(0o755))?;
    files::write(&runner.join("init"), INIT.as_bytes(), 0o755)?;
    let size = files::measure(&app).bytes;
    configure(&container, release, job)?;
    buildah::ask(&["commit", "--quiet", "--rm", "--format", "docker", "--", &container, layout::IMAGE])?;
    Ok(size)
}

fn write_types(app: &Path, types: &AppTypes) -> Result<()> {
    // Buildpacks keep things here, too; a link to elsewhere is none of theirs.
    let own = app.join(".slipway");
    if std::fs::symlink_metadata(&own).is_ok_and(|metadata| !metadata.is_dir()) {
        files::remove(&own)?;
    }
    files::remove(&own.join("types"))?;
    for (name, command) in &types.startable {
        files::write(&own.join("types").join(name), format!("{command}\n").as_bytes(), 0o644)?;
    }
    Ok(())
}

fn configure(container: &str, release: &Release, job: &BuildJob) -> Result<()> {
    let mut arguments = vec!["config", "--user", "slug", "--workingdir", "/app", "--port", "5000"];
    arguments.extend(["--entrypoint", r#"["/runner/init"]"#, "--cmd", ""]);
    let stack = ("STACK".to_owned(), job.stack.clone());
    let own = [("HOME".to_owned(), "/app".to_owned()), stack];
    let variables = release.config.iter().map(|(key, value)| format!("{key}={value}"));
    let variables: Vec<_> = variables.chain(own.iter().map(|(key, value)| format!("{key}={value}"))).collect();
    arguments.extend(variables.iter().flat_map(|variable| ["--env", variable.as_str()]));
    arguments.extend(["--", container]);
    buildah::ask(&arguments)?;
    Ok(())
}

/// Copies the app without what it has git for and without what it wants left out.
fn copy(from: &Path, to: &Path, ignored: &Ignored) -> Result<()> {
    let lists = Path::new(layout::WORK);
    files::write(&lists.join("anchored"), ignored.anchored.as_bytes(), 0o600)?;
    files::write(&lists.join("anywhere"), ignored.anywhere.as_bytes(), 0o600)?;
    let mut pack = Command::new("tar")
        .args(["--create", "--file=-", "--wildcards", "--exclude=./.git"])
        .args(["--anchored", "--exclude-from=/work/anchored", "--no-anchored", "--exclude-from=/work/anywhere"])
        .arg("--directory")
        .arg(from)
        .arg(".")
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run tar")?;
    let stream = pack.stdout.take().context("tar has no output")?;
    let unpack = Command::new("tar")
        .args(["--extract", "--file=-", "--same-permissions", "--directory"])
        .arg(to)
        .stdin(stream)
        .output()
        .context("cannot run tar")?;
    ensure!(pack.wait()?.success(), "the app cannot be packed");
    if !unpack.status.success() {
        bail!("the app cannot be copied into the image: {}", buildah::said(&unpack.stderr));
    }
    Ok(())
}
