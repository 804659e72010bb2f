//! The supervisor's questions, and the sockets that outlive a router.

use std::os::unix::fs::PermissionsExt;

use router::control::{Client, Status};

use crate::support::{
    origin::Origin,
    raw::get,
    router::{CONTROL, Router},
    within,
};

#[tokio::test]
async fn a_supervisor_learns_how_the_router_is() {
    let origin = Origin::echo().await;
    let router = Router::to(&[origin.address]);
    get(router.address, "app.example", "/").await;
    let Status { version, connected, apps, draining, .. } = router.status().await;
    assert_eq!((version, connected, apps, draining), (0, false, 1, false));
    let mode = std::fs::metadata(router.dir().join(CONTROL)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_supervisor_takes_the_sockets_and_a_new_router_serves_on_them() {
    let origin = Origin::echo().await;
    let old = Router::to(&[origin.address]);
    let mut sockets = old.ask(Client::sockets).await.unwrap();
    let (name, socket) = sockets.pop().unwrap();
    assert_eq!((name.as_str(), sockets.len()), ("http", 0));
    assert_eq!(socket.local_addr().unwrap(), old.address);
    old.kill().await;
    let address = origin.address;
    let new = Router::on(socket, move |config| {
        config.initial = Some(vec![crate::support::router::app(1, "app.example", &[address])]);
    });
    assert_eq!(get(new.address, "app.example", "/").await, (200, "GET /\n".into()));
}

#[tokio::test]
async fn nonsense_is_answered_and_does_no_harm() {
    use std::io::{BufRead, BufReader, Write};
    let router = Router::with(|_| {});
    router.status().await;
    let path = router.dir().join(CONTROL);
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = std::os::unix::net::UnixStream::connect(path).unwrap();
        stream.write_all(b"{\"cmd\":\"reboot\"}\n").unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        line
    });
    let answer = within("an answer", answer).await.unwrap();
    insta::assert_snapshot!(answer, @r#"{"error":"unknown variant `reboot`, expected `status` or `sockets` at line 1 column 15"}"#);
    router.status().await;
}
