//! `git fetch`, `git clone`: what was pushed to an app, for those who may push to it.

use api::{names::AppName, push::PushRight};

use super::{Client, REFUSED, Sessions, Signer, relay};

impl Sessions {
    pub(super) async fn fetch(&self, signer: &Signer, app: &AppName, mut client: Client<'_>) -> u32 {
        let access = match self.controller.access(&signer.public, app, PushRight::Fetch).await {
            Ok(access) => access,
            Err(error) => {
                client.say(&error.words()).await;
                return REFUSED;
            }
        };
        let repository = self.repositories.of(access.app);
        if !repository.has_commits() {
            let words =
                format!("There is nothing to fetch: this machine has no push to {app}. Push first, `git push`.");
            client.say(&words).await;
            return REFUSED;
        }
        let gone = client.gone.clone();
        let stop = async {
            // Either way nobody waits for it any more.
            let _ = tokio::time::timeout(self.timeouts.transfer, gone.cancelled()).await;
            Some(())
        };
        let ended = match repository.upload() {
            Ok(program) => relay::run(program, &mut client, |_| Ok(()), stop).await,
            Err(error) => Err(error),
        };
        match ended {
            Ok(ended) => ended.status.code().and_then(|code| code.try_into().ok()).unwrap_or(REFUSED),
            Err(error) => {
                tracing::error!(%error, %app, "cannot run git upload-pack");
                client.say("The builder cannot run git. Ask the operator to look at its journal.").await;
                REFUSED
            }
        }
    }
}
