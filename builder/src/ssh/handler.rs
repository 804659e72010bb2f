//! The callbacks of russh, each passed on to who knows: keys to the controller, commands to the session.
//!
//! Who is unknown is told so in words. SSH has no place for them where a key is refused, so that a client whose keys were
//! all refused is offered the method keyboard-interactive: OpenSSH then asks what is to be asked, and is told the words
//! and no question. Nobody can log in that way.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use russh::{
    Channel, ChannelId, MethodKind, MethodSet, Pty,
    keys::{Algorithm, PublicKey},
    server::{self, Auth, ChannelOpenHandle, Msg, PublicKeyOffer, Response, Session, VerifiedPublicKey},
};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

use super::admission::Place;
use crate::session::{Client, Sessions, Signer};

/// Channels of one connection: clients that share one use a channel a command.
const CHANNELS: usize = 10;

const NO_KEY: &str = "No key was offered. Make one with `ssh-keygen -t ed25519`, then register it: mycli keys:add";
const UNKNOWN: &str = "This key is not registered here. Register it with `mycli keys:add`, then push again.";
const SHA1: &str =
    "This RSA key was used with SHA-1, which is not secure. Update your SSH client, or use an ed25519 key.";

/// What is known of one connection.
pub(super) struct Handler {
    sessions: Arc<Sessions>,
    busy: TaskTracker,
    place: Option<Place>,
    known: CancellationToken,
    gone: CancellationToken,
    /// Why the last key was refused.
    words: Cow<'static, str>,
    signer: Option<Signer>,
    channels: HashMap<ChannelId, Open>,
}

/// A channel, to be taken by its command, and what tells that it is closed.
struct Open {
    channel: Option<Channel<Msg>>,
    gone: CancellationToken,
    _closed: DropGuard,
}

/// What a channel is to do.
enum Request {
    Exec(Vec<u8>),
    Shell,
}

impl Handler {
    /// A handler for a stranger, who has `place` until it logs in, which cancels `known`. `gone` is cancelled with the
    /// connection.
    pub fn new(
        sessions: Arc<Sessions>,
        busy: TaskTracker,
        place: Place,
        known: CancellationToken,
        gone: CancellationToken,
    ) -> Self {
        Self {
            sessions,
            busy,
            place: Some(place),
            known,
            gone,
            words: NO_KEY.into(),
            signer: None,
            channels: HashMap::new(),
        }
    }

    async fn look_up(&mut self, key: &PublicKey, algorithm: &Algorithm) -> Option<Signer> {
        if *algorithm == (Algorithm::Rsa { hash: None }) {
            self.words = SHA1.into();
            return None;
        }
        let public = PublicKey::from(key.key_data().clone()).to_openssh().ok()?;
        match self.sessions.controller().owner(&public).await {
            Ok(Some(username)) => return Some(Signer { public, username }),
            Ok(None) => self.words = UNKNOWN.into(),
            Err(error) => self.words = error.words().into(),
        }
        None
    }

    fn run(&mut self, id: ChannelId, request: Request, session: &mut Session) -> Result<(), russh::Error> {
        let open = self.channels.get_mut(&id).and_then(|open| Some((open.channel.take()?, open.gone.clone())));
        let (Some((channel, gone)), Some(signer)) = (open, self.signer.clone()) else {
            return session.channel_failure(id);
        };
        session.channel_success(id)?;
        self.busy.spawn(serve(self.sessions.clone(), signer, channel, gone, request));
        Ok(())
    }
}

async fn serve(
    sessions: Arc<Sessions>,
    signer: Signer,
    channel: Channel<Msg>,
    gone: CancellationToken,
    request: Request,
) {
    let (mut read, write) = channel.split();
    let client = Client {
        stdin: Box::new(read.make_reader()),
        stdout: Box::new(write.make_writer()),
        stderr: Box::new(write.make_writer_ext(Some(1))),
        gone: gone.clone(),
    };
    let status = match request {
        Request::Exec(line) => sessions.exec(&signer, &line, client).await,
        Request::Shell => sessions.shell(&signer, client).await,
    };
    let end = async {
        write.exit_status(status).await?;
        write.eof().await?;
        write.close().await
    };
    if let Some(Err(error)) = gone.run_until_cancelled(end).await {
        tracing::debug!(%error, "the client does not hear the end of its command");
    }
    gone.cancel();
}

/// Refused, but with words to be had.
fn refused() -> Auth {
    let methods = [MethodKind::PublicKey, MethodKind::KeyboardInteractive];
    Auth::Reject { proceed_with_methods: Some(MethodSet::from(methods.as_slice())), partial_success: false }
}

impl server::Handler for Handler {
    type Error = russh::Error;

    async fn auth_publickey_offered(&mut self, _user: &str, offer: PublicKeyOffer<'_>) -> Result<Auth, Self::Error> {
        let owner = self.look_up(offer.public_key, offer.algorithm).await;
        Ok(if owner.is_some() { Auth::Accept } else { refused() })
    }

    async fn auth_publickey(&mut self, _user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        // Who logs in is who signed, whatever was offered before.
        self.signer = self.look_up(key.public_key, key.algorithm).await;
        Ok(if self.signer.is_some() { Auth::Accept } else { refused() })
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        _user: &str,
        _submethods: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Self::Error> {
        if response.is_none() {
            return Ok(Auth::Partial {
                name: "".into(),
                instructions: self.words.clone(),
                prompts: Cow::Borrowed(&[]),
            });
        }
        let methods = MethodSet::from([MethodKind::PublicKey].as_slice());
        Ok(Auth::Reject { proceed_with_methods: Some(methods), partial_success: false })
    }

    async fn auth_succeeded(&mut self, _session: &mut Session) -> Result<(), Self::Error> {
        self.known.cancel();
        self.place = None;
        Ok(())
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        // russh does not tell of the end of a channel that this side closed.
        self.channels.retain(|_, open| !open.gone.is_cancelled());
        if self.channels.len() < CHANNELS {
            let (id, gone) = (channel.id(), self.gone.child_token());
            let closed = gone.clone().drop_guard();
            self.channels.insert(id, Open { channel: Some(channel), gone, _closed: closed });
            reply.accept().await;
        }
        Ok(())
    }

    async fn channel_close(&mut self, channel: ChannelId, _session: &mut Session) -> Result<(), Self::Error> {
        self.channels.remove(&channel);
        Ok(())
    }

    async fn exec_request(&mut self, id: ChannelId, line: &[u8], session: &mut Session) -> Result<(), Self::Error> {
        self.run(id, Request::Exec(line.to_vec()), session)
    }

    async fn shell_request(&mut self, id: ChannelId, session: &mut Session) -> Result<(), Self::Error> {
        self.run(id, Request::Shell, session)
    }

    async fn env_request(
        &mut self,
        id: ChannelId,
        _name: &str,
        _value: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(id)
    }

    async fn pty_request(
        &mut self,
        id: ChannelId,
        _term: &str,
        _columns: u32,
        _rows: u32,
        _width: u32,
        _height: u32,
        _modes: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(id)
    }

    async fn x11_request(
        &mut self,
        id: ChannelId,
        _single: bool,
        _protocol: &str,
        _cookie: &str,
        _screen: u32,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(id)
    }

    async fn subsystem_request(
        &mut self,
        id: ChannelId,
        _name: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(id)
    }
}
