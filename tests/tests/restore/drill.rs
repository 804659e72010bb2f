//! Everything is lost but the two files: apps serve again, with their releases, config, domains and users.

use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use tests::{
    git::{self, Repository},
    image::Image,
    load::Load,
    program,
    standalone::Standalone,
    user::User,
    wait,
};

use super::Files;

/// The promise: from an empty machine to the last app that answers.
const PROMISE: Duration = Duration::from_mins(10);
/// The same for a few apps.
const SHORT: Duration = Duration::from_mins(1);

/// An app whose build takes hardly any time.
const PUSHED: &str = "FROM scratch\nCOPY busybox index.html /\nEXPOSE 8000\n\
                      CMD [\"/busybox\", \"httpd\", \"-f\", \"-p\", \"8000\"]\n";

#[test]
fn a_platform_rises_from_its_backup() -> Result<()> {
    let image = Image::specimen("drill", &[], &[5000])?;
    let mut platform = Standalone::start()?;
    let user = User::registered(&platform.url())?;
    git::introduce(&user)?;
    let blog = Repository::with(&user, &[("Dockerfile", PUSHED)])?;
    fs::copy(program::of_the_machine("busybox")?, blog.path().join("busybox"))?;
    let apps = settle(&user, &blog, &image)?;
    let files = Files::new()?;
    let load = Load::start(platform.port(), "shop.localhost");
    let said = files.back_up(&platform)?;
    let report = load.finish()?;
    ensure!(report.failures.is_empty(), "{report}");
    ensure!(said.out.contains(&format!("Apps: {}, ", apps.len() + 2)), "{said}");

    platform.burn()?;
    drop(image);
    ensure!(images()?.is_empty(), "the engine still has {:?}", images()?);
    let began = Instant::now();
    let said = files.does(&platform, "data", "keys", &["restore"])?;
    ensure!(said.code == 0 && said.out.starts_with("Restored: "), "{said}");
    platform.rise()?;
    let promise = if tests::prove() { PROMISE } else { SHORT };
    let left = || promise.saturating_sub(began.elapsed());
    for (app, text) in &apps {
        is_served(&platform, &user, app, text, left())?;
    }
    is_served(&platform, &user, "blog", "second\n", left())?;
    is_served(&platform, &user, "shop", "Powered by $HOME & \"quotes\"\n", left())?;
    let took = began.elapsed();
    tests::tell(&format!("{} apps served after {took:?}", apps.len() + 2));
    ensure!(took <= promise, "it took {took:?}");
    all_is_there(&platform, &user)?;
    goes_on(&platform, &user, &blog)
}

/// An app that was pushed twice, one of an image that runs twice under a domain of its own, and others. Answers those, and
/// what each says.
fn settle(user: &User, blog: &Repository, image: &Image) -> Result<Vec<(String, String)>> {
    user.does_in(blog.path(), &["create", "blog"])?;
    for text in ["first", "second"] {
        push(blog, text)?;
    }
    user.does(&["create", "shop", "--no-remote"])?;
    user.does(&["pull", &image.name, "-a", "shop"])?;
    user.does(&["config:set", "POWERED_BY=$HOME & \"quotes\"", "-a", "shop"])?;
    user.does(&["scale", "cmd=2", "-a", "shop"])?;
    user.does(&["domains:add", "shop.example.com", "-a", "shop"])?;
    let mut apps = Vec::new();
    for number in 0..if tests::prove() { 48 } else { 1 } {
        let app = format!("app-{number}");
        user.does(&["create", &app, "--no-remote"])?;
        user.does(&["pull", &image.name, "-a", &app])?;
        user.does(&["config:set", &format!("POWERED_BY={app}"), "-a", &app])?;
        apps.push((app.clone(), format!("Powered by {app}\n")));
    }
    Ok(apps)
}

/// Pushes an app that says this.
fn push(repository: &Repository, text: &str) -> Result<()> {
    repository.write("index.html", &format!("{text}\n"))?;
    repository.commit(text)?;
    let pushed = repository.push()?;
    ensure!(pushed.code == 0, "{pushed}");
    Ok(())
}

/// What nobody wants to type again.
fn all_is_there(platform: &Standalone, user: &User) -> Result<()> {
    let config = user.does(&["config:list", "-a", "shop"])?;
    ensure!(config.contains("$HOME & \"quotes\""), "{config}");
    let domains = user.does(&["domains:list", "-a", "shop"])?;
    ensure!(domains.contains("shop.example.com"), "{domains}");
    let url = format!("http://127.0.0.1:{}/", platform.port());
    let answer = program::output(Command::new("curl").args(["-sS", "-H", "Host: shop.example.com", "--", &url]))?;
    ensure!(answer == "Powered by $HOME & \"quotes\"\n", "{answer}");
    wait::until("both instances run", Duration::from_secs(30), || {
        let instances = user.does(&["ps", "-a", "shop"])?;
        Ok((instances.matches(" up ").count() == 2).then_some(()))
    })
    .with_context(|| user.does(&["ps", "-a", "shop"]).unwrap_or_default())?;
    let logs = user.does(&["logs", "-n", "1000", "-a", "shop"])?;
    ensure!(logs.contains("shop[cmd.v2."), "lines of before are gone: {logs}");
    Ok(())
}

/// Everything can be done with it that could be done before.
fn goes_on(platform: &Standalone, user: &User, blog: &Repository) -> Result<()> {
    user.does(&["rollback", "v2", "-a", "blog"])?;
    is_served(platform, user, "blog", "first\n", Duration::from_secs(15))?;
    push(blog, "third")?;
    is_served(platform, user, "blog", "third\n", Duration::from_secs(15))?;
    user.does(&["destroy", "--app", "shop", "--confirm", "shop"])?;
    Ok(())
}

fn is_served(platform: &Standalone, user: &User, app: &str, text: &str, limit: Duration) -> Result<()> {
    let wanted = (200, text.to_owned());
    let served = wait::until_equal(&wanted, limit, || user.curl(&platform.app_url(app)));
    served.with_context(|| format!("{app}\n{}", platform.journal()))
}

/// Images of the drill that the engine has, by any name of theirs or ours.
fn images() -> Result<Vec<String>> {
    let format = "{{.Repository}}:{{.Tag}}";
    let listed = program::output(Command::new("docker").args(["images", "--format", format]))?;
    Ok(listed.lines().filter(|name| name.starts_with("slipway-test-drill")).map(str::to_owned).collect())
}
