//! The platform's own certificate: where the operator keeps it, and the copy that the router may read.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use clap::Args;

use super::{
    files::{self, Owner},
    setup::Setup,
};

/// Time between two looks at the operator's files: somebody renews them.
const PERIOD: Duration = Duration::from_secs(30);

/// Where the operator keeps it.
#[derive(Args, Clone, Debug)]
pub struct CertificateOptions {
    /// Certificate for the API and for apps under DOMAIN that have none of their own, and those that lead to its issuer's, in
    /// PEM: one for DOMAIN and *.DOMAIN. Renewed ones are served within a minute
    #[arg(long, env = "SLIPWAY_PLATFORM_CERTIFICATE", value_name = "FILE", requires = "platform_key")]
    platform_certificate: Option<PathBuf>,
    /// Its private key, in PEM; only root has to be able to read it
    #[arg(long, env = "SLIPWAY_PLATFORM_KEY", value_name = "FILE", requires = "platform_certificate")]
    platform_key: Option<PathBuf>,
}

impl CertificateOptions {
    /// Whether there is one.
    pub fn is_given(&self) -> bool {
        self.files().is_some()
    }

    fn files(&self) -> Option<(&PathBuf, &PathBuf)> {
        self.platform_certificate.as_ref().zip(self.platform_key.as_ref())
    }
}

/// Gives the router its copy, or fails in words, and renews it for as long as the supervisor lives.
pub fn keep(options: &CertificateOptions, setup: &Setup) -> Result<()> {
    let copy = setup.paths.platform_certificate();
    if !options.is_given() {
        return match fs::remove_file(&copy) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        };
    }
    let (options, owner) = (options.clone(), Owner::from(&setup.accounts.router));
    renew(&options, &copy, owner).context("the platform's certificate cannot be used")?;
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(PERIOD).await;
            if let Err(error) = renew(&options, &copy, owner) {
                let error = format!("{error:#}");
                tracing::error!(error, "the platform's certificate is not renewed; the one before is served");
            }
        }
    });
    Ok(())
}

/// The copy says what the operator's files say.
fn renew(options: &CertificateOptions, copy: &Path, owner: Owner) -> Result<()> {
    let Some((certificate, key)) = options.files() else { return Ok(()) };
    let read = |path: &PathBuf| fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()));
    let wanted = format!("{}\n{}", read(certificate)?, read(key)?);
    router::check_certificate(wanted.as_bytes())
        .with_context(|| format!("{} and {}", certificate.display(), key.display()))?;
    if files::read(copy)?.as_deref() != Some(&wanted) {
        files::write(copy, wanted.as_bytes(), owner, 0o600)?;
    }
    Ok(())
}
