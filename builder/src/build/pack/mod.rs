//! A build by buildpack, in Heroku's classic API, with the lines that Deis's pushers know.

mod cache;
mod fetch;
mod image;
mod release;
mod select;
mod slugignore;
mod stage;

use std::{fs, path::Path};

use anyhow::{Result, bail};
use api::procfile::{self, Types};

use self::{
    cache::Cache,
    release::Release,
    select::Selected,
    stage::{Stage, TREE_SEEN},
};
use super::{
    job::BuildJob,
    layout::{SECRETS, TREE},
    log,
};

/// Makes the image.
pub fn build(job: &BuildJob) -> Result<Types> {
    let cache = Cache::open(job)?;
    let stage = Stage::prepare(job, &cache)?;
    let (selected, chain) = select::choose(job, &stage)?;
    let release = compile(&stage, &selected, chain)?;
    let types = discover(&release, &selected.name)?;
    cache.close();
    let ignored = slugignore::read(Path::new(TREE))?;
    let slug = image::make(job, &stage, &release, &types, &ignored)?;
    log::step(&format!("Compiled slug size is {}", log::size(slug)));
    fs::remove_dir_all(SECRETS)?;
    Ok(types.shown)
}

fn compile(stage: &Stage, selected: &Selected, chain: bool) -> Result<Release> {
    hook(stage, "pre-compile")?;
    let mut release = Release::default();
    if chain {
        for url in select::chain(Path::new(TREE))? {
            log::say(&format!("=====> Downloading Buildpack: {}", fetch::shown(&url)));
            let part = select::fetched(stage, &url)?;
            let Some(name) = part.detect(stage)? else {
                bail!("the buildpack {} does not detect this app", fetch::shown(&url))
            };
            log::say(&format!("=====> Detected Framework: {name}"));
            run(stage, &part)?;
            // As with Heroku's: the last one says how the app starts, all say what it needs in its environment.
            release = release.then(part.release(stage)?);
        }
    } else {
        run(stage, selected)?;
        release = selected.release(stage)?;
    }
    hook(stage, "post-compile")?;
    Ok(release)
}

fn run(stage: &Stage, selected: &Selected) -> Result<()> {
    match selected.compile(stage)? {
        Some(0) => Ok(()),
        Some(code) => bail!("the buildpack could not compile this app: it exited with code {code}, stopping build"),
        None => bail!("the buildpack was ended while it compiled this app"),
    }
}

/// The app's own programs around the compilation.
fn hook(stage: &Stage, name: &str) -> Result<()> {
    let program = format!("{TREE_SEEN}/bin/{name}");
    if !Path::new(TREE).join("bin").join(name).is_file() {
        return Ok(());
    }
    log::step(&format!("Running {name} hook"));
    match stage.run(&["/bin/bash", "--", &program, TREE_SEEN, stage::CACHE_SEEN, stage::ENV_SEEN], log::detail)? {
        Some(0) => Ok(()),
        code => {
            bail!("the app's bin/{name} failed{}", code.map(|code| format!(" (exit code {code})")).unwrap_or_default())
        }
    }
}

/// Process types of the app.
pub struct AppTypes {
    /// What the platform learns of.
    shown: Types,
    /// What `start <type>` knows.
    startable: Types,
}

fn discover(release: &Release, name: &str) -> Result<AppTypes> {
    log::step("Discovering process types");
    let declared = match fs::read_to_string(Path::new(TREE).join("Procfile")) {
        Ok(text) => Some(procfile::parse(&text)?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => bail!("the Procfile cannot be read: {error}"),
    };
    let names = |types: &Types| types.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    if let Some(types) = &declared {
        log::detail(&format!("Procfile declares types -> {}", names(types)));
    }
    if !release.types.is_empty() {
        log::detail(&format!("Default process types for {name} -> {}", names(&release.types)));
    }
    let mut startable = release.types.clone();
    startable.extend(declared.clone().unwrap_or_default());
    let shown = declared.unwrap_or_else(|| release.types.clone());
    super::outcome::check(&shown)?;
    Ok(AppTypes { shown, startable })
}
