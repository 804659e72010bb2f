//! Tells the operator's deploy hooks of new releases. What to tell stands in the database since the release was made, so
//! that no deploy waits for a hook, and no controller that dies takes it along: it may be told twice, and then under one number.
//!
//! A hook that cannot be reached is asked again, ten times over a quarter of an hour, and keeps nobody else from being told.

#[cfg(test)]
mod tests;

use std::time::Duration;

use chrono::Utc;
use futures_util::future::join_all;
use reqwest::{Client, StatusCode, header, redirect};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::{
    db::{
        self,
        deploy_hook::{self, Delivery},
        event::Level,
    },
    hook::HookUrl,
    signals::POLL,
    state::State,
};

/// How often a hook that could not be told is asked again, as often as at Deis.
const RETRIES: i32 = 10;
/// How long a hook may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// After this, whoever took something in hand is dead.
const HELD: Duration = Duration::from_secs(30);
/// Longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);
/// The number of what is told.
const DELIVERY_HEADER: &str = "x-slipway-delivery";
/// Our own signature.
const SIGNATURE_HEADER: &str = "x-slipway-signature";

/// Tells until `shutdown`, then ends what is being told.
pub async fn run(state: State, shutdown: CancellationToken) {
    let hooks = state.settings.deploy_hooks.urls();
    if hooks.is_empty() {
        return;
    }
    match client() {
        Ok(client) => drop(join_all(hooks.iter().map(|hook| follow(&state, &client, hook, &shutdown))).await),
        Err(error) => tracing::error!(%error, "deploy hooks are not told of anything"),
    }
}

/// Trusts whom this machine trusts, goes nowhere else, and keeps no connection: days may pass until the next release.
fn client() -> Result<Client, reqwest::Error> {
    // Another one may be installed already; there is only one kind.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Client::builder()
        .user_agent(concat!("slipway/", env!("CARGO_PKG_VERSION")))
        .timeout(PATIENCE)
        .redirect(redirect::Policy::none())
        .pool_max_idle_per_host(0)
        .build()
}

/// One hook hears of one thing after another, in order where nothing has to be told again.
async fn follow(state: &State, client: &Client, hook: &HookUrl, shutdown: &CancellationToken) {
    let mut ticks = interval(POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
        while !shutdown.is_cancelled() {
            match tell_next(state, client, hook).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(%error, %hook, "what a deploy hook is to be told cannot be looked at; trying again");
                    break;
                }
            }
        }
    }
}

/// False when there is nothing to tell now.
async fn tell_next(state: &State, client: &Client, hook: &HookUrl) -> Result<bool, sqlx::Error> {
    let Some(delivery) = deploy_hook::take(&state.pool, hook.sha256(), HELD).await? else { return Ok(false) };
    let (level, text) = match send(state, client, hook, &delivery).await {
        Ok(()) => (Level::Info, format!("Deploy hook sent to {hook}")),
        Err(failure) if failure.passes && delivery.attempts <= RETRIES => {
            deploy_hook::postpone(&state.pool, &delivery, pause(delivery.attempts)).await?;
            return Ok(true);
        }
        Err(Failure { reason, .. }) => {
            (Level::Error, format!("An error occurred while sending the deploy hook to {hook}: {reason}"))
        }
    };
    let mut tx = db::begin(&state.pool).await?;
    deploy_hook::end(&mut tx, &delivery, level, &text).await?;
    db::commit(tx).await?;
    Ok(true)
}

/// 1 s, 2 s, 4 s, ...
fn pause(attempts: i32) -> Duration {
    let doubled = u32::try_from(attempts - 1).ok().and_then(|doubled| 2_u32.checked_pow(doubled));
    Duration::from_secs(doubled.unwrap_or(u32::MAX).into()).min(LONGEST_PAUSE)
}

/// Why a hook was not told.
struct Failure {
    reason: String,
    /// It may be told a little later.
    passes: bool,
}

async fn send(state: &State, client: &Client, hook: &HookUrl, delivery: &Delivery) -> Result<(), Failure> {
    let url = hook.with(&delivery.query);
    let mut request =
        client.post(&url).header(header::CONTENT_LENGTH, 0).header(DELIVERY_HEADER, delivery.uuid.to_string());
    if let Some(key) = state.settings.deploy_hooks.key() {
        request = request
            .header(header::AUTHORIZATION, key.authorization(&url))
            .header(SIGNATURE_HEADER, key.signature(Utc::now().timestamp(), delivery.uuid, &url));
    }
    // What it says beyond the status is of no interest, and not read.
    let status = request.send().await.map_err(|error| Failure { reason: reason(&error), passes: true })?.status();
    if status.is_success() {
        return Ok(());
    }
    let why = if status.is_redirection() { ", and redirects are not followed" } else { "" };
    let passes = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
    Err(Failure { reason: format!("it answered {status}{why}"), passes })
}

/// The innermost reason: the layers above it only repeat the URL.
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("it did not answer within {} s", PATIENCE.as_secs());
    }
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
