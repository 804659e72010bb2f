//! TLS: which certificate a host name is served with, and the handshake.
//!
//! Certificates come with the routes of the apps that they serve, and change with them. No store of the machine is read
//! or written.

use std::{
    collections::{BTreeMap, HashMap},
    io,
    sync::{Arc, Mutex, PoisonError},
};

use api::routes::{AppRoutes, HostCertificate};
use arc_swap::{ArcSwap, ArcSwapOption};
use base64::{Engine, engine::general_purpose::STANDARD};
use rustls::{
    DEFAULT_VERSIONS, ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
    version::TLS13,
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use uuid::Uuid;

use crate::{client::HTTP2, settings::Settings, table::Table};

type Names = Table<Arc<CertifiedKey>>;

/// A connection whose handshake is done.
pub(crate) struct Secured {
    pub stream: TlsStream<TcpStream>,
    /// The host that the client asked for, as it stands in the table.
    pub server_name: Option<Arc<str>>,
    /// The client chose HTTP/2.
    pub http2: bool,
}

/// What is needed to serve TLS.
pub(crate) struct Tls {
    certificates: Arc<Certificates>,
    acceptor: TlsAcceptor,
}

/// The certificates in use, by host name.
#[derive(Debug)]
struct Certificates {
    provider: Arc<CryptoProvider>,
    names: ArcSwap<Names>,
    /// For hosts that have none of their own.
    platform: ArcSwapOption<Platform>,
    /// By id: what is behind one never changes, and reading one takes longer than all else of a new table.
    known: Mutex<HashMap<Uuid, Arc<CertifiedKey>>>,
}

/// The platform's own certificate.
#[derive(Debug)]
struct Platform {
    /// It is for this host, and all below.
    domain: String,
    key: Arc<CertifiedKey>,
}

impl Platform {
    fn serves(&self, host: &str) -> bool {
        host.strip_suffix(&self.domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

impl Tls {
    pub fn new(settings: &Settings) -> anyhow::Result<Self> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let certificates = Arc::new(Certificates {
            provider: provider.clone(),
            names: ArcSwap::default(),
            platform: ArcSwapOption::default(),
            known: Mutex::default(),
        });
        let newest = [&TLS13];
        let versions = if settings.tls13_only { &newest[..] } else { DEFAULT_VERSIONS };
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)?
            .with_no_client_auth()
            .with_cert_resolver(certificates.clone());
        let http2 = settings.http2.then(|| HTTP2.to_vec());
        config.alpn_protocols = http2.into_iter().chain([b"http/1.1".to_vec()]).collect();
        Ok(Self { certificates, acceptor: TlsAcceptor::from(Arc::new(config)) })
    }

    /// Serves the next handshakes with the certificates in `routes`.
    pub fn publish(&self, routes: &BTreeMap<Uuid, Arc<AppRoutes>>) {
        self.certificates.publish(routes);
    }

    /// Serves the next handshakes for `domain` and hosts below that have no certificate of their own with this one.
    pub fn serve_platform(&self, domain: &str, key: CertifiedKey) {
        let platform = Platform { domain: domain.to_owned(), key: Arc::new(key) };
        self.certificates.platform.store(Some(Arc::new(platform)));
    }

    /// Fails for a host name without a certificate, and for a client that names none.
    pub async fn handshake(&self, stream: TcpStream) -> io::Result<Secured> {
        let stream = self.acceptor.accept(stream).await?;
        let (_, connection) = stream.get_ref();
        let server_name = connection.server_name().map(|name| normal(name).into());
        Ok(Secured { server_name, http2: connection.alpn_protocol() == Some(HTTP2), stream })
    }

    /// Whether there is a certificate for the host.
    pub fn serves(&self, host: &str) -> bool {
        self.certificates.find(host).is_some()
    }

    /// Whether both hosts are served with the same certificate.
    pub fn serves_alike(&self, one: &str, other: &str) -> bool {
        let (one, other) = (self.certificates.find(one), self.certificates.find(other));
        one.zip(other).is_some_and(|(one, other)| Arc::ptr_eq(&one, &other))
    }
}

impl Certificates {
    fn publish(&self, routes: &BTreeMap<Uuid, Arc<AppRoutes>>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut used = HashMap::new();
        let mut names = Names::default();
        for (app, certificate) in routes.values().flat_map(|app| app.certificates.iter().map(move |one| (app, one))) {
            let id = certificate.certificate;
            let loaded = used.get(&id).or_else(|| known.get(&id)).cloned();
            let Some(loaded) = loaded.or_else(|| self.load(&app.name, certificate)) else { continue };
            for host in &certificate.hosts {
                names.insert(host, loaded.clone());
            }
            used.insert(id, loaded);
        }
        *known = used;
        self.names.store(Arc::new(names));
    }

    fn find(&self, host: &str) -> Option<Arc<CertifiedKey>> {
        let own = self.names.load().lookup(host).cloned();
        let platform =
            || self.platform.load().as_ref().filter(|platform| platform.serves(host)).map(|one| one.key.clone());
        own.or_else(platform)
    }

    /// One that cannot be used leaves its hosts without TLS, and all else as it is.
    fn load(&self, app: &str, certificate: &HostCertificate) -> Option<Arc<CertifiedKey>> {
        let loaded = self.read(certificate);
        let told = |error: &anyhow::Error| tracing::error!(app, id = %certificate.certificate, %error, "a certificate is not served");
        loaded.inspect_err(told).ok().map(Arc::new)
    }

    fn read(&self, certificate: &HostCertificate) -> anyhow::Result<CertifiedKey> {
        let pair = certificate.pair.as_ref().ok_or_else(|| anyhow::anyhow!("it came without its key"))?;
        let chain = pair.chain.iter().map(|der| Ok(CertificateDer::from(STANDARD.decode(der)?)));
        let key = PrivateKeyDer::try_from(STANDARD.decode(&pair.key)?).map_err(anyhow::Error::msg)?;
        Ok(CertifiedKey::from_der(chain.collect::<anyhow::Result<_>>()?, key, &self.provider)?)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, client: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.find(&normal(client.server_name()?))
    }
}

/// A host name as it stands in the table.
fn normal(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}
