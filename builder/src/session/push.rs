//! `git push`: the lock, the repository, and the git whose hook has the commit built.

use api::{
    names::AppName,
    push::{Access, Lock, PushRight},
};
use uuid::Uuid;

use super::{
    Client, REFUSED, Sessions, Signer,
    lock::Held,
    preamble::{Excess, Preamble},
    relay::{self, Ended},
};
use crate::{
    git::Repository,
    hook::{Mark, Order},
};

/// As a first packet git shows it after `fatal: remote error: `, and exits with 128.
const BUSY: &str = "ERR Another git push is ongoing";
/// A client that has nothing to push sends one flush packet.
const NOTHING: u64 = 4;
const REDEPLOY: &str = "Nothing new was pushed, so nothing is deployed. To build the same source again: \
                        git commit --allow-empty -m Redeploy, then push. To restart what runs: mycli ps:restart";

/// Why a push was stopped before its build began.
enum Stopped {
    Lost,
    Unlocked,
    TooSlow,
    TooMuch(Excess),
}

impl Sessions {
    pub(super) async fn push(&self, signer: &Signer, app: &AppName, mut client: Client<'_>) -> u32 {
        let access = match self.controller.access(&signer.public, app, PushRight::Push).await {
            Ok(access) => access,
            Err(error) => return refuse(&mut client, &error.words()).await,
        };
        let lock = Lock { app: access.app, holder: Uuid::new_v4() };
        match Held::take(&self.controller, lock.clone()).await {
            Ok(Some(held)) => self.receive(signer, app, &access, &lock, held, client).await,
            Ok(None) => {
                client.answer(format!("{:04x}{BUSY}", BUSY.len() + 4).as_bytes()).await;
                REFUSED
            }
            Err(error) => refuse(&mut client, &error.words()).await,
        }
    }

    async fn receive(
        &self,
        signer: &Signer,
        app: &AppName,
        access: &Access,
        lock: &Lock,
        held: Held,
        mut client: Client<'_>,
    ) -> u32 {
        let repository = self.repositories.of(access.app);
        let order = Order {
            app: access.app,
            holder: lock.holder,
            public: signer.public.clone(),
            socket: self.socket.clone(),
            credential_file: self.credential_file.clone(),
            mark: self.repositories.mark(lock.holder),
        };
        tracing::info!(%app, user = signer.username, push = %lock.holder, "a push begins");
        let status = match self.run_git(&repository, &order, &held, &mut client).await {
            Ok(ended) => conclude(&repository, &order, &ended, &mut client).await,
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), %app, "cannot receive a push");
                refuse(&mut client, &format!("The builder cannot take the push: {error:#}.\nAsk the operator.")).await
            }
        };
        tracing::info!(%app, push = %lock.holder, status, "a push ends");
        repository.sweep();
        // Before the client hears of the end: its next push must not find this one's lock.
        held.release().await;
        self.after.spawn(async move { repository.collect().await });
        status
    }

    async fn run_git(
        &self,
        repository: &Repository,
        order: &Order,
        held: &Held,
        client: &mut Client<'_>,
    ) -> anyhow::Result<Ended<Stopped>> {
        let prepared = repository.clone();
        tokio::task::spawn_blocking(move || prepared.prepare()).await??;
        let program = repository.receive(&serde_json::to_string(order)?)?;
        let gone = client.gone.clone();
        let stop = async {
            let reason = tokio::select! {
                () = gone.cancelled() => Stopped::Lost,
                () = held.lost().cancelled() => Stopped::Unlocked,
                () = tokio::time::sleep(self.timeouts.transfer) => Stopped::TooSlow,
            };
            // Who makes the mark decides: either the build begins, or the push ends here.
            (!matches!(Mark::at(&order.mark).make(Mark::STOPPED), Ok(false))).then_some(reason)
        };
        let mut preamble = Preamble::new(self.limits.push_objects);
        let check = |bytes: &[u8]| preamble.read(bytes).map_err(Stopped::TooMuch);
        Ok(relay::run(program, client, check, stop).await?)
    }
}

/// The exit status, which git itself leaves at 0 when it has reported a refusal in its protocol.
async fn conclude(repository: &Repository, order: &Order, ended: &Ended<Stopped>, client: &mut Client<'_>) -> u32 {
    let outcome = Mark::at(&order.mark).take();
    match &ended.stopped {
        Some(Stopped::Lost) => return REFUSED,
        Some(Stopped::Unlocked) => {
            return refuse(client, "The push lost its lock, because the controller did not answer. Push again.").await;
        }
        Some(Stopped::TooSlow) => return refuse(client, "The push took too long to arrive. Push again.").await,
        Some(Stopped::TooMuch(excess)) => return refuse(client, &excess.to_string()).await,
        None => {}
    }
    if let Some(reference) = &outcome
        && let Err(error) = repository.follow(reference)
    {
        tracing::warn!(%error, "cannot set HEAD to the branch that was pushed");
    }
    let code = ended.status.code().and_then(|code| code.try_into().ok()).unwrap_or(REFUSED);
    if code == 0 && ended.received == NOTHING && repository.has_commits() {
        client.say(REDEPLOY).await;
    }
    if code == 0 && outcome.is_none() && ended.received > NOTHING { REFUSED } else { code }
}

async fn refuse(client: &mut Client<'_>, words: &str) -> u32 {
    client.say(words).await;
    REFUSED
}
