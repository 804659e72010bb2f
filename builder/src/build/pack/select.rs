//! Which buildpack: the one that the app names, or the first that detects it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use super::{
    super::{
        buildpacks::{self, Embedded},
        files,
        job::BuildJob,
        layout, log,
    },
    fetch,
    release::Release,
    stage::{CACHE_SEEN, ENV_SEEN, PACKS, PACKS_SEEN, Stage, TREE_SEEN},
};

/// A buildpack that is used.
pub struct Selected {
    /// What it calls the app.
    pub name: String,
    folder: String,
}

impl Selected {
    /// Asks it whether it is for this app, and how it calls it.
    pub fn detect(&self, stage: &Stage) -> Result<Option<String>> {
        Ok(stage.ask(&[&self.program("detect"), TREE_SEEN])?.map(|said| first_line(&said)))
    }

    /// Lets it compile the app; answers its exit code. What an earlier one exported is in its environment.
    pub fn compile(&self, stage: &Stage) -> Result<Option<i32>> {
        let program = self.program("compile");
        // The script is ours and the same for everybody; what varies are its arguments.
        let script = "for file in /tmp/buildpacks/*/export; do [ ! -f \"$file\" ] || . \"$file\"; done; exec \"$@\"";
        let arguments = ["/bin/bash", "-c", script, "compile", &program, TREE_SEEN, CACHE_SEEN, ENV_SEEN];
        stage.run(&arguments, log::detail)
    }

    /// What it says about the app; nothing when it says nothing.
    pub fn release(&self, stage: &Stage) -> Result<Release> {
        let path = Path::new(PACKS).join(&self.folder).join("bin/release");
        if !path.is_file() {
            return Ok(Release::default());
        }
        // buildah 1.28 now and then loses what a program wrote that ended at once; a release without its types would never
        // serve. To ask once more does no harm: such a program only prints.
        let ask = || stage.ask(&[&self.program("release"), TREE_SEEN])?.context("the buildpack's bin/release failed");
        let mut said = ask()?;
        for _ in 1..RELEASE_TRIES {
            if said.trim().is_empty() {
                said = ask()?;
            }
        }
        Ok(Release::parse(&said))
    }

    fn program(&self, name: &str) -> String {
        format!("{PACKS_SEEN}/{}/bin/{name}", self.folder)
    }
}

/// How often `bin/release` is asked that says nothing.
const RELEASE_TRIES: usize = 3;

/// The buildpack, and whether the app lists several of them.
pub fn choose(job: &BuildJob, stage: &Stage) -> Result<(Selected, bool)> {
    let tree = Path::new(layout::TREE);
    let custom = job.value("BUILDPACK_URL").filter(|url| !fetch::is_multi(url));
    let listed = tree.join(".buildpacks").is_file();
    let (selected, chain) = match custom {
        Some(url) => {
            log::step("Fetching custom buildpack");
            let mut selected = fetched(stage, url)?;
            selected.name = selected.detect(stage)?.filter(|name| !name.is_empty()).unwrap_or(selected.name);
            (selected, false)
        }
        None if listed => (Selected { name: "Multipack".to_owned(), folder: String::new() }, true),
        None => (detected(stage)?, false),
    };
    log::step(&format!("{} app detected", selected.name));
    Ok((selected, chain))
}

/// The buildpacks that the app lists, in their order.
pub fn chain(tree: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(tree.join(".buildpacks")).context(".buildpacks cannot be read")?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let urls: Vec<_> = lines.map(str::to_owned).collect();
    if urls.is_empty() || urls.len() > 20 {
        bail!(".buildpacks must list 1 to 20 buildpacks, one URL a line");
    }
    Ok(urls)
}

/// The buildpack behind a URL.
pub fn fetched(stage: &Stage, url: &str) -> Result<Selected> {
    let number = fs::read_dir(PACKS)?.count();
    let folder = format!("{number:02}-custom");
    fetch::fetch(url, &Path::new(PACKS).join(&folder), stage.key.as_deref())?;
    give(&folder)?;
    Ok(Selected { name: "Custom".to_owned(), folder })
}

/// The first buildpack that detects the app.
fn detected(stage: &Stage) -> Result<Selected> {
    for folder in installed()? {
        let mut candidate = Selected { name: folder.clone(), folder };
        if let Some(name) = candidate.detect(stage)? {
            if !name.is_empty() {
                candidate.name = name;
            }
            return Ok(candidate);
        }
        files::remove(&Path::new(PACKS).join(&candidate.folder))?;
    }
    log::step("Unable to select a buildpack");
    bail!("no buildpack is for this app; set BUILDPACK_URL to one that is, or add a Dockerfile or a Procfile")
}

/// Every buildpack, laid out, in the order in which they are asked.
fn installed() -> Result<Vec<String>> {
    let mut folders = Vec::new();
    for embedded in &buildpacks::FIRST {
        folders.push(lay_out(embedded)?);
    }
    for path in operators() {
        let name =
            path.file_name().and_then(|name| name.to_str()).context("a buildpack's folder has an odd name")?.to_owned();
        copy(&path, &name)?;
        folders.push(name);
    }
    for embedded in &buildpacks::LAST {
        folders.push(lay_out(embedded)?);
    }
    Ok(folders)
}

fn lay_out(embedded: &Embedded) -> Result<String> {
    let bin = Path::new(PACKS).join(embedded.name).join("bin");
    for (name, text) in embedded.programs {
        files::write(&bin.join(name), text.as_bytes(), 0o755)?;
    }
    give(embedded.name)?;
    Ok(embedded.name.to_owned())
}

/// The operator's own, by name.
fn operators() -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(layout::BUILDPACKS) else { return Vec::new() };
    let mut paths: Vec<_> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.join("bin/detect").is_file()).collect();
    paths.sort();
    paths
}

fn copy(from: &Path, name: &str) -> Result<()> {
    let to = Path::new(PACKS).join(name);
    files::remove(&to)?;
    let status =
        std::process::Command::new("cp").args(["--recursive", "--preserve=mode", "--"]).args([from, &to]).status();
    if !status.context("cannot run cp")?.success() {
        bail!("the buildpack {name} cannot be copied");
    }
    give(name)
}

fn give(folder: &str) -> Result<()> {
    files::give(&Path::new(PACKS).join(folder))
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().chars().take(100).collect()
}
