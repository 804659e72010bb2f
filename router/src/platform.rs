//! The platform's own certificate: for the API, and for apps under the platform's domain that have none of their own.
//!
//! It lies in one file, the certificate first, then those that lead to its issuer's, and the private key; whoever renews it
//! replaces the file.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use rustls::{
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};

use crate::shared::Shared;

/// Where the certificate is, and for whom.
#[derive(Clone, Debug)]
pub struct PlatformCertificate {
    /// It serves this host, and all below.
    pub domain: String,
    /// Certificates and key in PEM.
    pub file: PathBuf,
    /// Time between two looks at the file.
    pub look: Duration,
}

/// Says in words why a router could not serve with this file.
pub fn check_certificate(pem: &[u8]) -> anyhow::Result<()> {
    read(pem, &aws_lc_rs::default_provider()).map(drop)
}

fn read(pem: &[u8], provider: &CryptoProvider) -> anyhow::Result<CertifiedKey> {
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().context("no certificate in PEM")?;
    anyhow::ensure!(!chain.is_empty(), "there is no certificate in PEM");
    let key = PrivateKeyDer::from_pem_slice(pem).context("there is no private key in PEM")?;
    CertifiedKey::from_der(chain, key, provider).context("certificate and key do not fit together, or cannot be used")
}

/// Serves with what the file has, and from then on with what it has anew. A file that cannot be used changes nothing.
pub(crate) async fn keep(shared: Arc<Shared>, platform: PlatformCertificate) {
    let mut served = Vec::new();
    loop {
        match tokio::fs::read(&platform.file).await.context("it cannot be read") {
            Ok(pem) if pem == served => {}
            pem => {
                let read = pem.and_then(|pem| Ok((read(&pem, &aws_lc_rs::default_provider())?, pem)));
                match read {
                    Ok((key, pem)) => {
                        shared.tls.serve_platform(&platform.domain, key);
                        tracing::info!(file = %platform.file.display(), "serving with the platform's certificate");
                        served = pem;
                    }
                    Err(error) => {
                        let error = format!("{error:#}");
                        tracing::error!(file = %platform.file.display(), error, "the platform's certificate is not served");
                    }
                }
            }
        }
        tokio::time::sleep(platform.look).await;
    }
}
