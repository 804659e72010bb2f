//! One app of each kind that ships: its first push, its second with the cache of the first, and what it answers.

use anyhow::{Result, ensure};
use insta::assert_snapshot;
use tests::{git::Repository, outside::Outside, snapshot};

use super::{Stage, pushed};

/// Shows that it gets the config as files, and a cache that is kept.
const COMPILE: &str = "#!/usr/bin/env bash
echo \"-----> Color is $(cat \"$3/COLOR\" | tr a-z A-Z)\"
cp \"$1/site/index.html\" \"$1/index.html\"
echo found $(ls \"$2\")
touch \"$2/kept\"
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
        &[
            ("bin/detect", "#!/usr/bin/env bash\necho Own\n"),
            ("bin/compile", COMPILE),
            (
                "bin/release",
                "#!/usr/bin/env bash\nprintf 'default_process_types:\\n  web: exec python3 -m http.server $PORT\\nconfig_vars:\\n  MOOD: good\\n'\n",
            ),
        ],
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
    assert_snapshot!(blog.push()?, @"");
    stage.is_served("blog", "Powered by Own")?;
    let look = "ls; echo $MOOD; echo $0; grep -rls secret-green / --exclude-dir=proc --exclude-dir=sys; true";
    assert_snapshot!(stage.user.does(&["run", "-a", "blog", "--", look])?, @"");
    Ok(())
}
