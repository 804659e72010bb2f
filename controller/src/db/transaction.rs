//! How every transaction begins and ends.

use std::{io, panic::Location};

use sqlx::{PgPool, Postgres, Transaction};

use crate::failpoint::{MadeToFail, Moment, reach};

/// A controller that stands still in a transaction (frozen, or cut off from the database) keeps the rows that it locked
/// from all others, whatever has become of its leases. The database ends such a transaction after this time, which is
/// shorter than a lease. Said in the transaction itself, so that it holds behind a pooler, too.
const BEGIN: &str = "begin; set local idle_in_transaction_session_timeout = '4s'";

/// Begins one.
pub async fn begin(pool: &PgPool) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    pool.begin_with(BEGIN).await
}

/// Ends one. Its fail points are named after the line that calls.
#[track_caller]
pub fn commit(tx: Transaction<'_, Postgres>) -> impl Future<Output = Result<(), sqlx::Error>> + Send {
    let place = Location::caller();
    let name = move || format!("commit at {}:{}", place.file(), place.line());
    async move {
        reach(Moment::Before, name).await.map_err(broken)?;
        tx.commit().await?;
        reach(Moment::After, name).await.map_err(broken)
    }
}

/// What a connection that breaks says.
fn broken(made: MadeToFail) -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::ConnectionReset, made))
}
