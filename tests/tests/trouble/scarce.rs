//! The database is there and has little to give: no connection for us, or hardly any time.

use std::{
    io::Write,
    process::{Child, Stdio},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use tests::{
    standalone::{Ground, Standalone},
    wait,
};

use crate::{
    blog,
    database::Frozen,
    is_served,
    outages::{is_answered, is_refused},
    works_again,
};

/// How long nobody else has a connection.
const TAKEN: Duration = Duration::from_secs(10);
/// How long the database does something and how long it does nothing, by turns.
const RUNS: Duration = Duration::from_millis(50);
const RESTS: Duration = Duration::from_millis(350);
/// How long it goes on like that.
const SLOW: Duration = Duration::from_secs(10);

/// Ends what the others do there.
const TAKE: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND application_name <> 'psql';\n";

/// Connections that somebody else has.
struct Taken(Vec<Child>);

impl Taken {
    /// Takes all that there are.
    fn all(platform: &Standalone) -> Result<Self> {
        let most: usize = platform.sql("SHOW max_connections")?.parse()?;
        let mut taken = Self(Vec::new());
        while taken.0.len() <= most {
            let mut psql = platform.database_program("psql");
            psql.arg("-qAtX").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
            let mut psql = psql.spawn()?;
            // It stays for as long as there may be more to do.
            let told = psql.stdin.as_mut().context("no standard input")?.write_all(TAKE.as_bytes());
            taken.0.push(psql);
            // One that was not let in is gone already.
            drop(told);
        }
        // There is one more than can be had.
        wait::until("every connection is taken", Duration::from_mins(1), || {
            Ok(taken.0.iter_mut().find_map(|psql| psql.try_wait().ok().flatten()))
        })?;
        Ok(taken)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        for psql in &mut self.0 {
            let _ = psql.kill();
            let _ = psql.wait();
        }
    }
}

#[test]
fn a_database_without_a_connection_or_with_little_time() -> Result<()> {
    let (platform, user, _image) = blog("scarce", Ground::default())?;
    let taken = Taken::all(&platform)?;
    let began = Instant::now();
    while began.elapsed() < TAKEN {
        is_refused(&platform, &user)?;
        is_served(&platform, &user)?;
    }
    drop(taken);
    works_again(&user)?;
    is_served(&platform, &user)?;

    // What is slow is done all the same.
    let stop = AtomicBool::new(false);
    let done = thread::scope(|scope| {
        let slowed = scope.spawn(|| slow_down(&platform, &stop));
        let done = (|| {
            let (began, mut answers) = (Instant::now(), 0);
            while began.elapsed() < SLOW {
                is_served(&platform, &user)?;
                answers += u32::from(is_answered(&platform, &user)?);
            }
            anyhow::Ok((answers, user.mycli(&["config:set", "SLOW=1", "-a", "blog"])?))
        })();
        stop.store(true, Relaxed);
        slowed.join().ok().context("the one who slows down panicked")?.and(done)
    });
    let (answers, said) = done?;
    ensure!(answers > 0 && said.code == 0, "{answers} answers; {said}");
    user.does(&["config:set", "FAST=1", "-a", "blog"])?;
    is_served(&platform, &user)
}

/// Lets the database run for an eighth of the time.
fn slow_down(platform: &Standalone, stop: &AtomicBool) -> Result<()> {
    while !stop.load(Relaxed) {
        let frozen = Frozen::of(platform)?;
        wait::let_pass(RESTS);
        drop(frozen);
        wait::let_pass(RUNS);
    }
    Ok(())
}
