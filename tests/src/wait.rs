//! Waiting for a condition, with a deadline. The only place where a test sleeps.

use std::{
    fmt::Debug,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use tokio::time;

/// Time between two looks.
const PERIOD: Duration = Duration::from_millis(50);

/// Looks again and again until `look` answers something, at most for `limit`. `what` is awaited, in words.
pub fn until<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        let seen = look();
        match seen {
            Ok(Some(found)) => return Ok(found),
            _ if Instant::now() < deadline => thread::sleep(PERIOD),
            Ok(None) => bail!("{what}: not within {limit:?}"),
            Err(error) => return Err(error).with_context(|| format!("{what}: not within {limit:?}")),
        }
    }
}

/// Looks until what `look` answers equals `wanted`; says what it was last when it never does.
pub fn until_equal<T: PartialEq + Debug>(
    wanted: &T,
    limit: Duration,
    mut look: impl FnMut() -> Result<T>,
) -> Result<()> {
    let mut last = None;
    let equal = until("equal", limit, || {
        last = Some(look()?);
        Ok((last.as_ref() == Some(wanted)).then_some(()))
    });
    equal.with_context(|| format!("wanted {wanted:?}, last was {last:?}"))
}

/// Lets time pass while something else is under way: the length of a load, the pace of its requests.
pub async fn pass(time: Duration) {
    time::sleep(time).await;
}

/// The same for who has nothing else to do.
pub fn let_pass(time: Duration) {
    thread::sleep(time);
}
