//! The database goes away.

use std::{fs, path::PathBuf};

use anyhow::Result;
use insta::assert_snapshot;
use rustix::process::{Pid, Signal, kill_process};
use tests::{
    snapshot,
    standalone::{Ground, Standalone},
};

use crate::{blog, is_served, transcript, works_again};

/// The database's files under a name where the supervisor, which starts it again, does not find them.
pub struct Hidden {
    there: PathBuf,
    elsewhere: PathBuf,
}

impl Hidden {
    pub fn of(platform: &Standalone) -> Result<Self> {
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

/// The database's processes, which are there and do nothing.
pub struct Frozen(Vec<Pid>);

impl Frozen {
    pub fn of(platform: &Standalone) -> Result<Self> {
        let postmaster = platform.pid("postgres")?;
        // First the one that makes others.
        kill_process(postmaster, Signal::STOP)?;
        let number = postmaster.as_raw_nonzero();
        let children = fs::read_to_string(format!("/proc/{number}/task/{number}/children"))?;
        let children = children.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?));
        let frozen = Self([postmaster].into_iter().chain(children).collect());
        frozen.signal(Signal::STOP);
        Ok(frozen)
    }

    fn signal(&self, signal: Signal) {
        for pid in &self.0 {
            // One that has ended in between needs none.
            let _ = kill_process(*pid, signal);
        }
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        self.signal(Signal::CONT);
    }
}

#[test]
fn with_a_frozen_database() -> Result<()> {
    let (platform, user, _image) = blog("frozen", Ground::default())?;
    let _settled = snapshot::settle(&user);
    let frozen = Frozen::of(&platform)?;
    assert_snapshot!(transcript(&user, &["config:set A=1 -a blog"])?, @r"
    $ mycli config:set A=1 -a blog
    exit code 1
    out: Creating config...
    err: Error: Service temporarily unavailable, try again later.
    err:   The platform cannot do it at the moment; try again later.
    ");
    is_served(&platform, &user)?;
    drop(frozen);
    works_again(&user)?;
    assert_snapshot!(transcript(&user, &["releases -a blog"])?, @r"
    $ mycli releases -a blog
    exit code 0
    out: === blog Releases
    out: v4	<time>	ana added AGAIN
    out: v3	<time>	ana added POWERED_BY
    out: v2	<time>	ana deployed slipway-test-frozen
    out: v1	<time>	ana created initial release
    ");
    is_served(&platform, &user)
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
