//! Websockets while the routes of others change.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use api::routes::RouteEvent;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};

use super::{Failures, size};
use crate::support::{
    controller::{Controller, INSTALLATION},
    origin::Origin,
    router::{Router, app},
    until, within,
};

const ECHOES: usize = 20;

async fn echoing() -> Origin {
    Origin::serving(|_, stream| async move {
        let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
        while let Some(Ok(message)) = socket.next().await {
            if !message.is_close() && socket.send(message).await.is_err() {
                return;
            }
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn websockets_live_through_changes_of_other_routes() {
    let (sockets, changes) = (size(100, 500), size(30, 100));
    let origins = [echoing().await, echoing().await];
    let busy = app(1, "app.example", &origins.each_ref().map(|origin| origin.address));
    let dir = tempfile::TempDir::new().unwrap();
    let internal = dir.path().join("internal.sock");
    let opening = vec![
        RouteEvent::Hello { installation: INSTALLATION, epoch: 1, snapshot: true },
        RouteEvent::App { version: 1, app: busy },
        RouteEvent::SnapshotEnd { version: 1, gone: Vec::new() },
    ];
    let controller = Controller::start(&internal, opening);
    let router = Router::with(move |config| config.internal_socket = Some(internal));
    controller.acknowledged("the snapshot", |ack| ack.version == 1).await;
    let (echoes, failures) = (Arc::<AtomicUsize>::default(), Arc::<Failures>::default());
    let clients = (0..sockets).map(|client| {
        let (address, echoes, failures) = (router.address, echoes.clone(), failures.clone());
        tokio::spawn(async move {
            if let Err(error) = converse(address, client, &echoes).await {
                failures.note(format!("{client}: {error}"));
                // So that nobody waits for what will not come.
                echoes.fetch_add(ECHOES, Relaxed);
            }
        })
    });
    let clients: Vec<_> = clients.collect();
    // Spread over all that is said, whatever time that takes.
    for change in 1..=changes {
        let due = sockets * ECHOES * (change - 1) / changes;
        until("more echoes", || echoes.load(Relaxed) >= due).await;
        let version = i64::try_from(change).unwrap() + 1;
        let other = app(2 + change as u128 % 7, &format!("other{change}.example"), &[origins[change % 2].address]);
        controller.send(&RouteEvent::App { version, app: other });
        controller.acknowledged("the change", |ack| ack.version >= version).await;
    }
    for client in clients {
        within("the clients", client).await.unwrap();
    }
    println!("{sockets} websockets, {} echoes, {changes} changes of routes", sockets * ECHOES);
    failures.are_none(sockets);
}

/// Says something and hears it again, as often as it has to be; then each side says goodbye.
async fn converse(address: SocketAddr, client: usize, echoes: &AtomicUsize) -> Result<(), String> {
    let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    let request = "ws://app.example/ws".into_client_request().unwrap();
    let opened = tokio_tungstenite::client_async(request, stream).await;
    let (mut socket, _) = opened.map_err(|error| format!("not opened: {error}"))?;
    for n in 0..ECHOES {
        let text = format!("{client}:{n} ").repeat(1 + (client * 31 + n * 7) % 900);
        let message = if n % 2 == 0 { Message::text(text) } else { Message::binary(text) };
        socket.send(message.clone()).await.map_err(|error| format!("{n} not sent: {error}"))?;
        match within("an echo", socket.next()).await {
            Some(Ok(echo)) if echo == message => echoes.fetch_add(1, Relaxed),
            other => return Err(format!("{n}: {:.200}", format!("{other:?}"))),
        };
    }
    socket.close(None).await.map_err(|error| format!("not closed: {error}"))?;
    match within("the goodbye", socket.next()).await {
        Some(Ok(goodbye)) if goodbye.is_close() => Ok(()),
        other => Err(format!("no goodbye but {other:?}")),
    }
}
