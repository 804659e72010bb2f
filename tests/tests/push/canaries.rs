//! What is told to the platform in confidence is where it has to be, in the environment of the app, and nowhere else: in no dump, no
//! backup, no log, no list of processes, no layer of an image and no answer.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use tests::{container, git::Repository, program, prove, wait};

use super::{SMALL, Stage, pushed};

/// An app that does not come up.
const BROKEN: &str = "FROM slipway-stack\nCMD [\"false\"]\n";
/// Longer than all of it takes.
const LONG: Duration = Duration::from_mins(20);
/// How many values are set at once.
const BATCH: usize = 100;

/// The secrets of one run: a word that is nowhere else, and a number.
struct Canaries {
    word: String,
    count: usize,
}

impl Canaries {
    fn breed() -> Self {
        Self { word: format!("canary{:016x}", rand::random::<u64>()), count: if prove() { 1000 } else { 100 } }
    }

    /// Lines for `config:push`, in batches.
    fn settings(&self) -> Vec<String> {
        let lines: Vec<_> = (0..self.count).map(|number| format!("SECRET_{number}={}-{number}\n", self.word)).collect();
        lines.chunks(BATCH).map(<[String]>::concat).collect()
    }

    /// Fails where `text` holds one.
    fn are_not_in(&self, what: &str, text: &str) -> Result<()> {
        let line = text.lines().find(|line| line.contains(&self.word));
        ensure!(line.is_none(), "{what} tells a secret: {}", line.unwrap_or_default());
        Ok(())
    }

    /// Files under these paths that hold one, compressed or not so.
    fn files(&self, paths: &[PathBuf]) -> Result<Vec<String>> {
        let mut grep = Command::new("grep");
        let output = grep.args(["-rFl", "--text", "--", &self.word]).args(paths).output()?;
        ensure!(output.status.code() != Some(2), "grep: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
    }
}

#[test]
fn secrets_are_found_nowhere_else() -> Result<()> {
    let stage = Stage::set()?;
    let canaries = Canaries::breed();
    let done = AtomicBool::new(false);
    let seen = thread::scope(|scope| {
        let watch = scope.spawn(|| watch(&stage.platform.path("slipway"), &canaries, &done));
        let lived = live(&stage, &canaries);
        done.store(true, Relaxed);
        let seen = watch.join().ok().context("whoever watches the processes panicked")?;
        lived.and(seen)
    })?;
    ensure!(seen.is_empty(), "a process tells a secret: {seen:?}");
    everything_written(&stage, &canaries)
}

/// Does what brings secrets about, and what goes wrong with them.
fn live(stage: &Stage, canaries: &Canaries) -> Result<()> {
    let user = &stage.user;
    let blog = stage.app("blog", &[("Dockerfile", SMALL)])?;
    let pack = Repository::example(user, "procfile")?;
    stage.create("pack", &pack)?;
    for settings in canaries.settings() {
        for app in ["blog", "pack"] {
            let said = user.types(&["config:push", "-a", app], &settings)?;
            ensure!(said.code == 0, "{said}");
        }
    }
    for repository in [&blog, &pack] {
        let said = pushed(repository)?;
        canaries.are_not_in("the output of a build", &said.text)?;
    }
    let first = format!("test \"$SECRET_0\" = {}-0", "\"${SECRET_1%-1}\"");
    user.does(&["run", "-a", "blog", "--", &first]).context("the app does not have its secrets")?;

    let word = &canaries.word;
    user.does(&["config:set", "PORT=8000", "-a", "blog"])?;
    let said =
        user.types(&["registry:set", "username=ana", "--password-stdin", "-a", "blog"], &format!("{word}-r\n"))?;
    ensure!(said.code == 0, "{said}");
    let refused = user.mycli(&["pull", "127.0.0.1:1/nosuch:1", "-a", "blog"])?;
    ensure!(refused.code != 0, "{refused}");
    canaries.are_not_in("a refused pull", &refused.to_string())?;
    user.does(&["registry:unset", "username", "password", "-a", "blog"])?;
    blog.write("Dockerfile", BROKEN)?;
    blog.commit("Break it")?;
    let failed = blog.push()?;
    ensure!(failed.code != 0, "{failed}");
    canaries.are_not_in("a failed deploy", &failed.text)?;
    for (path, body) in [
        ("/v2/apps/blog/config", format!("{{\"values\": {{\"no key\": \"{word}-k\"}}}}")),
        ("/v2/apps/blog/config", format!("{{\"values\": {{\"KEY\": \"{word}-j")),
        ("/v2/auth/login/", format!("{{\"username\": \"ana\", \"password\": \"{word}-p\"}}")),
        ("/v2/auth/login/", format!("{{\"username\": [\"{word}-u\"], \"password\": {{\"{word}-v\": 1}}}}")),
    ] {
        let answer = user.asks(&format!("{}{path}", stage.platform.url()), Some(&body))?;
        ensure!(answer.starts_with("HTTP/1.1 4"), "{path} {body}: {answer}");
        canaries.are_not_in(path, &answer)?;
    }
    Ok(())
}

/// Command lines of all processes and environments of those of ours that hold a secret, as they come and go.
fn watch(ours: &Path, canaries: &Canaries, done: &AtomicBool) -> Result<Vec<String>> {
    let word = canaries.word.as_bytes();
    let tells = |file: &Path| fs::read(file).is_ok_and(|text| text.windows(word.len()).any(|part| part == word));
    let mut seen = Vec::new();
    wait::until("everything was done", LONG, || {
        for process in fs::read_dir("/proc")?.flatten().map(|entry| entry.path()) {
            let line = process.join("cmdline");
            let is_ours = fs::read_link(process.join("exe")).is_ok_and(|program| program == ours);
            if tells(&line) || (is_ours && tells(&process.join("environ"))) {
                seen.push(format!("{}: {}", process.display(), fs::read_to_string(line).unwrap_or_default()));
            }
        }
        Ok(done.load(Relaxed).then_some(()))
    })?;
    Ok(seen)
}

/// Looks through all that is left of it.
fn everything_written(stage: &Stage, canaries: &Canaries) -> Result<()> {
    let (user, platform) = (&stage.user, &stage.platform);
    let backup = ["data", "keys"].map(|name| user.home().join(name));
    let [data, keys] = backup.each_ref().map(|path| path.display().to_string());
    let said = platform.slipway(&["backup", &data, "--keys", &keys])?;
    ensure!(said.code == 0, "{said}");
    fs::write(user.home().join("dump"), dump(stage)?)?;
    for app in ["blog", "pack"] {
        let image = container::image(user, app)?;
        let layers = user.home().join(format!("{app}.tar"));
        program::output(Command::new("docker").args(["save", "--output"]).arg(&layers).arg(&image))?;
        let history = program::output(Command::new("docker").args(["history", "--no-trunc", &image]))?;
        canaries.are_not_in("the history of an image", &history)?;
        for words in [&["releases"][..], &["builds"], &["logs", "-n", "10000"], &["ps"], &["info"]] {
            let said = user.does(&[words, &["-a", app]].concat())?;
            canaries.are_not_in(&format!("mycli {words:?}"), &said)?;
        }
    }
    let places: Vec<_> = ["data", "config", "run", "supervisor.log"].iter().map(|name| platform.path(name)).collect();
    let places = [&places[..], &backup, &["dump", "blog.tar", "pack.tar"].map(|name| user.home().join(name))].concat();
    let found = canaries.files(&places)?;
    ensure!(found.is_empty(), "secrets are in {found:?}");

    let planted = platform.path("data/logs/planted");
    fs::write(&planted, &canaries.word)?;
    ensure!(canaries.files(&places)? == [planted.display().to_string()], "a secret that is there is not found");
    Ok(())
}

/// Every row of the database, as text.
fn dump(stage: &Stage) -> Result<String> {
    let dump = program::output(&mut stage.platform.database_program("pg_dump"))?;
    ensure!(dump.contains("COPY public.configs"), "no dump: {dump}");
    Ok(dump)
}
