//! Names as types. Each is built by the one parser in its file, so that whoever holds one may trust it: in a URL, a
//! label, an argument list, a file name. Nothing else in the workspace parses them.

mod app;
mod cert_name;
mod client_network;
mod config_key;
mod domain;
mod drain_url;
mod image;
mod key_id;
mod path_pattern;
mod process_type;
mod public_key;
mod run_name;
mod scope;
mod token_name;
mod username;

pub use app::{AppName, PlatformName};
pub use cert_name::CertName;
pub use client_network::ClientNetwork;
pub use config_key::ConfigKey;
pub use domain::DomainName;
pub use drain_url::{DrainUrl, Transport};
pub use image::ImageName;
pub use key_id::KeyId;
pub use path_pattern::{Location, PathPattern};
pub use process_type::ProcessType;
pub use public_key::PublicKey;
pub use run_name::RunName;
pub use scope::Scope;
pub use token_name::TokenName;
pub use username::Username;

/// Why a text is not a name, in the words that the API answers (Deis API 2.3, validation messages).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidName(pub String);

impl InvalidName {
    fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// Gives a newtype over `String` whose only way in is its `parse` the traits that every name has.
macro_rules! name_traits {
    ($name:ident) => {
        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::names::InvalidName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::names::InvalidName;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }

        #[cfg(feature = "schema")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                String::schema()
            }
        }

        #[cfg(feature = "schema")]
        impl utoipa::ToSchema for $name {}
    };
}
use name_traits;
