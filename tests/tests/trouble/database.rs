//! The database goes away.

use std::{fs, path::PathBuf};

use anyhow::Result;
use insta::assert_snapshot;
use tests::{
    snapshot,
    standalone::{Ground, Standalone},
};

use crate::{blog, is_served, transcript, works_again};

/// The database's files under a name where the supervisor, which starts it again, does not find them.
struct Hidden {
    there: PathBuf,
    elsewhere: PathBuf,
}

impl Hidden {
    fn of(platform: &Standalone) -> Result<Self> {
        let hidden = Self { there: platform.path("data/postgres"), elsewhere: platform.path("data/elsewhere") };
        fs::rename(&hidden.there, &hidden.elsewhere)?;
        Ok(hidden)
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // Should that fail, the database does not come back, and the test says so.
        let _ = fs::rename(&self.elsewhere, &self.there);
    }
}

#[test]
fn without_the_database() -> Result<()> {
    let (platform, user, _image) = blog("baseless", Ground::default())?;
    let _settled = snapshot::settle(&user);
    let hidden = Hidden::of(&platform)?;
    platform.kill("postgres")?;
    assert_snapshot!(transcript(&user, &["config:set A=1 -a blog", "apps"])?, @r"
    $ mycli config:set A=1 -a blog
    exit code 1
    out: Creating config...
    err: Error: Service temporarily unavailable, try again later.
    err:   The platform cannot do it at the moment; try again later.

    $ mycli apps
    exit code 1
    err: Error: Service temporarily unavailable, try again later.
    err:   The platform cannot do it at the moment; try again later.
    ");
    is_served(&platform, &user)?;
    drop(hidden);
    works_again(&user)?;
    assert_snapshot!(transcript(&user, &["releases -a blog", "ps -a blog"])?, @r"
    $ mycli releases -a blog
    exit code 0
    out: === blog Releases
    out: v4	<time>	ana added AGAIN
    out: v3	<time>	ana added POWERED_BY
    out: v2	<time>	ana deployed slipway-test-baseless
    out: v1	<time>	ana created initial release

    $ mycli ps -a blog
    exit code 0
    out: === blog Processes
    out: --- cmd:
    out: blog-cmd-<release>-<name> up (v4)
    ");
    is_served(&platform, &user)
}
