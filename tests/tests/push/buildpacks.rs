//! One app of each kind that ships: its first push, its second with the cache of the first, and what it answers.

use std::{fs, process::Command};

use anyhow::{Result, ensure};
use insta::assert_snapshot;
use tests::{git::Repository, outside::Outside, program, snapshot};

use super::{Stage, pushed};

/// Shows that it gets the config as files, and a cache that is kept.
const COMPILE: &str = "#!/usr/bin/env bash
echo \"-----> Color is $(cat \"$3/COLOR\" | tr a-z A-Z)\"
cp \"$1/site/index.html\" \"$1/index.html\"
echo found $(ls \"$2\")
touch \"$2/kept\"
";

/// Starts a server that comes with the stack.
const RELEASE: &str = "#!/usr/bin/env bash
printf 'default_process_types:\\n  web: exec python3 -m http.server $PORT\\nconfig_vars:\\n  MOOD: good\\n'
";

#[test]
fn every_example_is_built_and_runs() -> Result<()> {
    let stage = Stage::set()?;
    for kind in ["dockerfile", "static", "procfile", "python", "nodejs"] {
        let app = format!("an-{kind}");
        let repository = Repository::example(&stage.user, kind)?;
        stage.create(&app, &repository)?;
        let first = pushed(&repository)?;
        let (status, body) = stage.answer(&app)?;
        ensure!(status == 200 && body.contains("Powered by Slipway"), "{kind}: {status} {body}\n{first}");

        repository.commit("Nothing new")?;
        let second = pushed(&repository)?;
        if ["python", "nodejs"].contains(&kind) {
            ensure!(second.text.contains("-----> Restoring cache...\n       Done!"), "{kind}: {second}");
        }
    }
    Ok(())
}

#[test]
fn a_buildpack_of_ones_own() -> Result<()> {
    // First, so that the platform finds the way there.
    let outside = Outside::open()?;
    let stage = Stage::set()?;
    let _settled = snapshot::settle(&stage.user);
    let pack = Repository::with(
        &stage.user,
        &[("bin/detect", "#!/usr/bin/env bash\necho Own\n"), ("bin/compile", COMPILE), ("bin/release", RELEASE)],
    )?;
    let url = outside.publish("pack.git", &pack)?;
    let blog = stage.app(
        "blog",
        &[
            ("site/index.html", "Powered by Own\n"),
            ("bin/pre-compile", "#!/usr/bin/env bash\necho before \"$SOURCE_VERSION\" | head -c 7\necho\n"),
            ("bin/post-compile", "#!/usr/bin/env bash\necho after\n"),
            (".slugignore", "*.psd\n"),
            ("poster.psd", "heavy"),
            (".profile.d/mood.sh", "export MOOD=\"$MOOD indeed\"\n"),
        ],
    )?;
    stage.user.does(&["config:set", "COLOR=secret-green", &format!("BUILDPACK_URL={url}#main"), "-a", "blog"])?;
    assert_snapshot!(blog.push()?, @"
    exit code 0
    Starting build... but first, coffee!
    -----> Restoring cache...
           No cache file found. If this is the first deploy, it will be created now.
    -----> Fetching custom buildpack
    -----> Own app detected
    -----> Running pre-compile hook
           before
    -----> Color is SECRET-GREEN
           found
    -----> Running post-compile hook
           after
    -----> Discovering process types
           Default process types for Own -> web
    -----> Checking for changes inside the cache directory...
           Files inside cache folder changed, uploading new cache...
           Done: Uploaded cache (0B)
    -----> Compiled slug size is 195B
    Build complete.
    Launching App...
    Done, blog:v3 deployed to Workflow

    http://blog.localhost

    Use 'deis open' to view this application in your browser

    To learn more, use 'deis help' or visit https://deis.com/

    To ssh://<builder>/blog.git
     * [new branch]      main -> main
    ");
    stage.is_served("blog", "Powered by Own")?;
    let look = "ls; echo $MOOD; echo $0; grep -rls secret-green / --exclude-dir=proc --exclude-dir=sys; true";
    assert_snapshot!(stage.user.does(&["run", "-a", "blog", "--", look])?, @"
    bin
    index.html
    site
    good indeed
    bash
    ");
    Ok(())
}

#[test]
fn several_buildpacks_one_after_the_other() -> Result<()> {
    let outside = Outside::open()?;
    let stage = Stage::set()?;
    let pack = |name: &str| {
        let compile = format!("#!/usr/bin/env bash\necho \"-----> {name}\"\necho {name} >>\"$1/index.html\"\n");
        let files =
            [("bin/detect", "#!/usr/bin/env bash\nexit 0\n"), ("bin/compile", &compile), ("bin/release", RELEASE)];
        outside.publish(&format!("{name}.git"), &Repository::with(&stage.user, &files)?)
    };
    let list = format!("{}\n{}\n", pack("first")?, pack("second")?);
    let blog = stage.app("blog", &[(".buildpacks", &list)])?;
    let said = pushed(&blog)?;
    ensure!(said.text.contains("-----> first\n") && said.text.contains("-----> second\n"), "{said}");
    stage.is_served("blog", "first\nsecond")
}

#[test]
fn a_buildpack_in_an_archive_and_one_behind_a_key() -> Result<()> {
    let mut outside = Outside::open()?;
    let stage = Stage::set()?;
    let pack = |name: &str| {
        let compile = format!("#!/usr/bin/env bash\necho {name} >>\"$1/index.html\"\n");
        Repository::with(
            &stage.user,
            &[("bin/detect", "#!/usr/bin/env bash\n"), ("bin/compile", &compile), ("bin/release", RELEASE)],
        )
    };
    let key = stage.user.home().join("deploy");
    program::output(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key))?;
    let public = fs::read_to_string(key.with_extension("pub"))?;
    let archive = outside.publish_archive("pack.tgz", &pack("archive")?)?;
    let closed = outside.publish_behind(&public, "closed.git", &pack("closed")?)?;
    let blog = stage.app("blog", &[(".buildpacks", &format!("{archive}\n{closed}\n"))])?;
    let refused = blog.push()?;
    ensure!(refused.code == 1 && refused.text.contains("closed.git cannot be fetched"), "{refused}");
    stage.user.does(&["config:set", &format!("SSH_KEY={}", key.display()), "-a", "blog"])?;
    pushed(&blog)?;
    stage.is_served("blog", "archive\nclosed")
}
