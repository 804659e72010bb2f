//! Certificates. Each is its owner's, and serves the domains it is attached to.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// A certificate as the API shows it: what it says, never its key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Certificate {
    /// Number of the certificate.
    pub id: i64,
    /// Username of the owner.
    pub owner: String,
    /// What its owner calls it.
    pub name: String,
    /// The subject's common name.
    pub common_name: Option<String>,
    /// Subject alternative names: hosts as they are, others with their kind before them.
    #[serde(default)]
    pub san: Vec<String>,
    /// Domains it is attached to.
    #[serde(default)]
    pub domains: Vec<String>,
    /// SHA-256 of the certificate, in pairs of digits with colons between.
    pub fingerprint: String,
    /// Last moment of its life.
    pub expires: Option<Timestamp>,
    /// First moment of its life.
    pub starts: Option<Timestamp>,
    /// Who signed it, as `/C=US/O=Example/CN=ca`.
    pub issuer: String,
    /// Whom it is for, in the same form.
    pub subject: String,
    /// When it was added.
    pub created: Timestamp,
    /// Same: certificates never change.
    pub updated: Timestamp,
}

/// `POST /v2/certs`. Unparsed: what is bad is answered as field errors.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct CreateCertificate {
    /// What its owner calls it.
    pub name: String,
    /// The certificate in PEM, and after it those that lead to its issuer's.
    pub certificate: String,
    /// Its private key in PEM.
    pub key: String,
}

impl fmt::Debug for CreateCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateCertificate").field("name", &self.name).finish_non_exhaustive()
    }
}

/// `POST /v2/certs/{name}/domain/`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct AttachCertificate {
    /// The domain, unparsed.
    pub domain: String,
}
