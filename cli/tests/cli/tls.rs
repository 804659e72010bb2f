//! Whom the client believes to be the controller, and who therefore sees the token.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    process::{Output, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use insta::assert_snapshot;
use rcgen::{CertificateParams, CertifiedIssuer, DnType, KeyPair, date_time_ymd};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use serde_json::json;
use wiremock::MockServer;

use crate::{
    commands::{ROWS, Row, furnish, furnished},
    harness::{World, app, page, prove},
};

/// A controller behind TLS, and the authority that vouches for it.
struct Controller {
    uri: String,
    authority: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Controller {
    /// Answers every request with one app, bearing the certificate that `params` describe.
    fn start(params: &CertificateParams) -> Self {
        let body = page(&[app("blog")]).to_string();
        let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}", body.len());
        Self::answering(params, format!("{head}\r\n\r\n{body}"), false)
    }

    /// Sends every request elsewhere.
    fn sending_to(place: &str, status: u16) -> Self {
        let head =
            format!("HTTP/1.1 {status} Elsewhere\r\nconnection: close\r\ncontent-length: 0\r\nlocation: {place}");
        Self::answering(&certificate_for("localhost"), format!("{head}\r\n\r\n"), false)
    }

    /// Answers every request with `answer`; nobody but itself vouches for one that signs `itself`.
    fn answering(params: &CertificateParams, answer: String, itself: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let uri = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let mut root = CertificateParams::new(Vec::<String>::new()).unwrap();
        root.distinguished_name.push(DnType::CommonName, &uri);
        root.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let root = CertifiedIssuer::self_signed(root, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = if itself { params.self_signed(&key) } else { params.signed_by(&key, &root) }.unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();

        let heard = Arc::<Mutex<Vec<String>>>::default();
        let lines = Arc::clone(&heard);
        thread::spawn(move || serve(&listener, &Arc::new(config), &answer, &lines));
        Self { uri, authority: root.pem(), heard }
    }

    /// Runs `apps` for a user who trusts the authority.
    fn apps(&self, world: &World, verify: bool) -> String {
        let authority = world.home.path().join("authority.pem");
        fs::write(&authority, &self.authority).unwrap();
        world.write_settings(&json!({"controller": self.uri, "token": "s3cret", "ssl_verify": verify}));
        let output = world.command().arg("apps").env("SSL_CERT_FILE", &authority).output().unwrap();
        world.shown(&output).replace(&self.uri, "https://localhost")
    }

    /// Runs a command for a user who is logged in there and trusts the authorities.
    fn run(&self, world: &World, row: &Row, authorities: &str) -> Output {
        furnish(world);
        let file = world.home.path().join("authorities.pem");
        fs::write(&file, authorities).unwrap();
        world.write_settings(&json!({"username": "admin", "controller": self.uri, "token": "s3cret"}));
        let mut command = world.command();
        command.args(row.words(&self.uri)).env("SSL_CERT_FILE", &file).stdin(Stdio::null()).output().unwrap()
    }

    /// What it was told so far, and no longer.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }
}

fn serve(listener: &TcpListener, config: &Arc<ServerConfig>, answer: &str, heard: &Mutex<Vec<String>>) {
    for connection in listener.incoming() {
        let session = ServerConnection::new(Arc::clone(config)).unwrap();
        let mut stream = StreamOwned::new(session, connection.unwrap());
        let lines = BufReader::new(&mut stream).lines().map_while(Result::ok);
        heard.lock().unwrap().extend(lines.take_while(|line| !line.is_empty()));
        // A client that does not like the certificate is gone by now.
        let _ = stream.write_all(answer.as_bytes());
        stream.conn.send_close_notify();
        let _ = stream.flush();
    }
}

fn certificate_for(name: &str) -> CertificateParams {
    CertificateParams::new([name.to_owned()]).unwrap()
}

#[tokio::test]
async fn a_good_certificate() {
    let world = World::new().await;
    let controller = Controller::start(&certificate_for("localhost"));
    assert_snapshot!(controller.apps(&world, true), @r"
    exit: 0
    ----- stdout -----
    === Apps
    blog
    ----- stderr -----
    ");
    assert!(controller.heard.lock().unwrap().contains(&"authorization: token s3cret".to_owned()));
}

#[tokio::test]
async fn a_certificate_for_another_host() {
    let world = World::new().await;
    let controller = Controller::start(&certificate_for("example.com"));
    assert_snapshot!(controller.apps(&world, true), @r#"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: cannot reach the controller at https://localhost: invalid peer certificate: certificate not valid for name "localhost"; certificate is only valid for DnsName("example.com")
      Somebody else may pretend to be the controller, so nothing was sent. If you know better: login ... --ssl-verify=false
    "#);
    assert_eq!(*controller.heard.lock().unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn an_expired_certificate() {
    let world = World::new().await;
    let mut params = certificate_for("localhost");
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 1, 1);
    let controller = Controller::start(&params);
    let shown = controller.apps(&world, true);
    assert!(shown.contains("Error: cannot reach the controller") && shown.contains("expired"), "{shown}");
    assert_eq!(*controller.heard.lock().unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn an_unknown_authority() {
    let world = World::new().await;
    let mut controller = Controller::start(&certificate_for("localhost"));
    let other = Controller::start(&certificate_for("localhost"));
    controller.authority = other.authority;
    assert_snapshot!(controller.apps(&world, true), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: cannot reach the controller at https://localhost: invalid peer certificate: UnknownIssuer
      Somebody else may pretend to be the controller, so nothing was sent. If you know better: login ... --ssl-verify=false
    ");
    assert_eq!(*controller.heard.lock().unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn whoever_turns_verification_off_is_told_each_time() {
    let world = World::new().await;
    let controller = Controller::start(&certificate_for("example.com"));
    assert_snapshot!(controller.apps(&world, false), @r"
    exit: 0
    ----- stdout -----
    === Apps
    blog
    ----- stderr -----
    !    WARNING: the TLS certificate of localhost is not verified.
    ");
    assert_eq!(controller.apps(&world, false), controller.apps(&world, false));
}

/// Commands that ask the controller: all of them at full size.
fn asking() -> impl Iterator<Item = &'static Row> {
    let named = ["apps:create", "apps:run", "auth:login", "auth:register", "config:push", "version"];
    ROWS.iter().filter(move |row| row.asks && (prove() || named.contains(&row.name)))
}

fn refused(row: &Row, output: &Output, why: &str) {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{} with {why}: {out}\n{err}", row.name);
    assert!(err.contains("Error: "), "{} with {why}: {out}\n{err}", row.name);
    assert!(!err.contains("panicked"), "{} with {why}: {out}\n{err}", row.name);
}

#[tokio::test]
async fn no_command_speaks_to_a_doubtful_controller() {
    let world = furnished().await;
    let good = certificate_for("localhost");
    let (mut expired, mut early) = (good.clone(), good.clone());
    (expired.not_before, expired.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
    (early.not_before, early.not_after) = (date_time_ymd(2090, 1, 1), date_time_ymd(2091, 1, 1));
    let own = Controller::start(&good);
    let doubtful = [
        ("a certificate for another host", Controller::start(&certificate_for("example.com"))),
        ("a certificate that has expired", Controller::start(&expired)),
        ("a certificate of the future", Controller::start(&early)),
        ("a certificate that nobody vouches for", Controller::answering(&good, String::new(), true)),
        (
            "a certificate of an unknown authority",
            Controller { authority: own.authority.clone(), ..Controller::start(&good) },
        ),
    ];
    let mut runs = 0;
    for (why, controller) in doubtful {
        for row in asking() {
            let output = controller.run(&world, row, &controller.authority);
            refused(row, &output, why);
            assert!(
                String::from_utf8_lossy(&output.stderr).contains("certificate"),
                "{} with {why}: {output:?}",
                row.name
            );
            assert_eq!(controller.take(), Vec::<String>::new(), "{} with {why}", row.name);
            runs += 1;
        }
    }
    println!("{runs} calls of controllers that cannot prove who they are");
}

#[tokio::test]
async fn no_command_follows_to_another_place() {
    let world = furnished().await;
    let plain = MockServer::start().await;
    // It would be trusted, if somebody went there.
    let other = Controller::start(&certificate_for("other.localhost"));
    let other_uri = other.uri.replace("localhost", "other.localhost");
    let statuses = if prove() { &[301, 302, 303, 307, 308][..] } else { &[302, 307] };
    let mut runs = 0;
    for status in statuses {
        for place in [&other_uri, &plain.uri()] {
            let controller = Controller::sending_to(&format!("{place}/v2/apps"), *status);
            let authorities = format!("{}{}", controller.authority, other.authority);
            for row in asking() {
                refused(row, &controller.run(&world, row, &authorities), &format!("{status} to {place}"));
                assert!(!controller.take().is_empty(), "{} has not come as far as to be sent elsewhere", row.name);
                assert_eq!(other.take(), Vec::<String>::new(), "{} followed", row.name);
                assert_eq!(plain.received_requests().await.unwrap().len(), 0, "{} followed to plain HTTP", row.name);
                runs += 1;
            }
        }
    }
    println!("{runs} calls that were sent elsewhere");
}

#[tokio::test]
async fn whoever_does_not_verify_is_told_by_every_command() {
    let world = furnished().await;
    let controller = Controller::start(&certificate_for("example.com"));
    for row in asking() {
        furnish(&world);
        world.write_settings(&json!({"controller": controller.uri, "token": "s3cret", "ssl_verify": false}));
        let mut words = row.words(&controller.uri);
        words.extend(row.arguments.starts_with("CONTROLLER").then(|| "--ssl-verify=false".to_owned()));
        let output = world.command().args(&words).stdin(Stdio::null()).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains("!    WARNING: the TLS certificate of localhost is not verified."), "{words:?}: {told}");
    }
}
