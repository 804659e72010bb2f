//! Whom the client believes to be the controller, and who therefore sees the token.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
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

use crate::harness::{World, app, page};

/// A controller behind TLS, and the authority that vouches for it.
struct Controller {
    uri: String,
    authority: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Controller {
    /// Answers every request with one app, bearing the certificate that `params` describe.
    fn start(params: &CertificateParams) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let uri = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let mut root = CertificateParams::new(Vec::<String>::new()).unwrap();
        root.distinguished_name.push(DnType::CommonName, &uri);
        root.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let root = CertifiedIssuer::self_signed(root, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &root).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();

        let heard = Arc::<Mutex<Vec<String>>>::default();
        let lines = Arc::clone(&heard);
        thread::spawn(move || serve(&listener, &Arc::new(config), &lines));
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
}

fn serve(listener: &TcpListener, config: &Arc<ServerConfig>, heard: &Mutex<Vec<String>>) {
    let body = page(&[app("blog")]).to_string();
    let status = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    for connection in listener.incoming() {
        let session = ServerConnection::new(Arc::clone(config)).unwrap();
        let mut stream = StreamOwned::new(session, connection.unwrap());
        let lines = BufReader::new(&mut stream).lines().map_while(Result::ok);
        heard.lock().unwrap().extend(lines.take_while(|line| !line.is_empty()));
        // A client that does not like the certificate is gone by now.
        let _ = stream.write_all(format!("{status}{body}").as_bytes());
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
