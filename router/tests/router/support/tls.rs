//! Certificates, and clients that trust one authority.

use std::{net::SocketAddr, sync::Arc};

use api::routes::{AppRoutes, HostCertificate, KeyPair};
use base64::{Engine, engine::general_purpose::STANDARD};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName},
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use uuid::Uuid;

use super::{origin::Origin, router::app, within};

pub type Authority = CertificateDer<'static>;

/// A certificate for these hosts, by an authority that is nobody else's.
pub fn certificate(hosts: &[&str]) -> (Authority, HostCertificate) {
    let hosts: Vec<_> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(hosts.clone()).unwrap();
    let der = made.cert.der().clone();
    let pair = KeyPair { chain: vec![STANDARD.encode(&der)], key: STANDARD.encode(made.signing_key.serialize_der()) };
    (der, HostCertificate { certificate: Uuid::new_v4(), hosts, pair: Some(pair) })
}

/// The app of the first of the certificate's hosts, served with it.
pub fn secured(id: u128, certificate: &HostCertificate, origin: &Origin) -> AppRoutes {
    let app = app(id, &certificate.hosts[0], &[origin.address]);
    AppRoutes { certificates: vec![certificate.clone()], ..app }
}

/// A connection to `host`, by somebody who trusts one authority; an address as a name is not told to the server.
pub async fn connect(
    address: SocketAddr,
    host: &str,
    trusted: &Authority,
    protocols: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from(host.to_owned()).unwrap();
    within("a TLS handshake", TlsConnector::from(Arc::new(config)).connect(name, stream)).await
}
