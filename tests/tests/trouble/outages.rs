//! The database goes and comes, again and again: apps serve on, what was acknowledged is there, and each time the platform is back
//! soon.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use tests::{
    load::Load,
    prove,
    standalone::{Ground, Standalone},
    user::User,
    wait,
};

use crate::{
    blog,
    database::{Frozen, Hidden},
};

/// Within this time after its return, the API answers again.
const BACK: Duration = Duration::from_secs(5);
/// Milliseconds that a change takes, about.
const CHANGE: u64 = 500;

#[test]
fn what_was_acknowledged_outlives_every_outage_of_the_database() -> Result<()> {
    // Longer than a router that can report may be silent.
    let (rounds, away) = if prove() { (20, Duration::from_mins(1)) } else { (2, Duration::from_secs(20)) };
    let (platform, user, _image) = blog("outages", Ground::default())?;
    let load = Load::start(platform.port(), "blog.localhost");
    let writing = Writing::default();
    let (acknowledged, longest) = thread::scope(|scope| {
        let writer = scope.spawn(|| write(&user, &writing));
        let outages = outages(&platform, &user, rounds, away, &writing);
        writing.stop.store(true, Relaxed);
        anyhow::Ok((writer.join().ok().context("the writer panicked")??, outages?))
    })?;
    let config = user.does(&["config", "-a", "blog"])?;
    let lost: Vec<_> = acknowledged.iter().filter(|key| !config.contains(&format!("{key} "))).collect();
    ensure!(acknowledged.len() > rounds && lost.is_empty(), "of {acknowledged:?} are lost {lost:?}: {config}");
    let report = load.finish()?;
    ensure!(report.failures.is_empty(), "{report}");
    let (changes, requests) = (acknowledged.len(), report.sent);
    tests::tell(&format!("{changes} changes kept, {requests} requests, none failed; back after {longest:?} at most"));
    ensure!(longest <= BACK, "back after {longest:?}");
    Ok(())
}

/// What the one who writes and the one who takes the database away tell each other.
#[derive(Default)]
struct Writing {
    /// How many changes were acknowledged.
    acknowledged: AtomicUsize,
    stop: AtomicBool,
}

impl Writing {
    /// Waits until another change is acknowledged: the next one is under way.
    fn goes_on(&self) -> Result<()> {
        let before = self.acknowledged.load(Relaxed);
        let more = || Ok((self.acknowledged.load(Relaxed) > before).then_some(()));
        wait::until("a change is acknowledged", Duration::from_mins(1), more)
    }
}

/// Sets one key after the other, and answers those of which it was said that they are set.
fn write(user: &User, writing: &Writing) -> Result<Vec<String>> {
    let mut acknowledged = Vec::new();
    for number in 0.. {
        if writing.stop.load(Relaxed) {
            break;
        }
        let key = format!("KEY_{number}");
        let said = user.mycli(&["config:set", &format!("{key}=1"), "-a", "blog"])?;
        match said.code {
            0 => {
                acknowledged.push(key);
                writing.acknowledged.fetch_add(1, Relaxed);
            }
            _ => ensure!(said.err.contains("try again later"), "{said}"),
        }
    }
    Ok(acknowledged)
}

/// Takes the database away in one way, then in the other, and answers the longest time until it was used again.
fn outages(platform: &Standalone, user: &User, rounds: usize, away: Duration, writing: &Writing) -> Result<Duration> {
    let mut longest = Duration::ZERO;
    for round in 0..rounds {
        writing.goes_on()?;
        wait::let_pass(Duration::from_millis(rand::random_range(0..CHANGE)));
        let gone: Box<dyn Send> = if round % 2 == 0 {
            let hidden = Hidden::of(platform)?;
            platform.kill("postgres")?;
            Box::new(hidden)
        } else {
            Box::new(Frozen::of(platform)?)
        };
        let began = Instant::now();
        while began.elapsed() < away {
            is_refused(platform, user)?;
        }
        drop(gone);
        let back = Instant::now();
        // Not by mycli, which waits before it asks again.
        let answers = || Ok(is_answered(platform, user)?.then_some(()));
        wait::until("the API answers again", Duration::from_mins(1), answers)?;
        longest = longest.max(back.elapsed());
        tests::tell(&format!("round {round}: back after {:?}", back.elapsed()));
    }
    Ok(longest)
}

/// The API says in time that it cannot, and when to ask again.
pub fn is_refused(platform: &Standalone, user: &User) -> Result<()> {
    ensure!(!is_answered(platform, user)?, "the API answers");
    Ok(())
}

/// True when the API answers who asks for the apps, false when it says that it cannot, and when to ask again.
pub fn is_answered(platform: &Standalone, user: &User) -> Result<bool> {
    let said = user.asks(&format!("{}/v2/apps", platform.url()), None)?;
    let head = said.to_ascii_lowercase();
    let refused = head.starts_with("http/1.1 503") && head.contains("\r\nretry-after: ");
    ensure!(refused || head.starts_with("http/1.1 200"), "{said}");
    Ok(!refused)
}
