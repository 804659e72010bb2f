//! The shapes of an error answer (Deis API 2.3).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The body of an error answer, in one of the three shapes that Deis's clients know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum ErrorBody {
    /// `{"detail": "..."}`: everything that is not about one field.
    Detail {
        /// What went wrong, for people.
        detail: String,
    },
    /// A bare string, `"No App matches the given query."`: a missing object (404).
    Missing(String),
    /// `{"<field>": ["...", ...]}`: what is wrong with each field of the request.
    Fields(BTreeMap<String, Vec<String>>),
}

impl ErrorBody {
    /// `{"detail": text}`.
    pub fn detail(text: impl Into<String>) -> Self {
        Self::Detail { detail: text.into() }
    }

    /// `{"<field>": [text]}`.
    pub fn field(field: impl Into<String>, text: impl Into<String>) -> Self {
        Self::Fields(BTreeMap::from([(field.into(), vec![text.into()])]))
    }

    /// The 404 body for `model` (`App`, `Build`, `Config`, `Release`, `Domain`, `Key`, `User`).
    #[must_use]
    pub fn missing(model: &str) -> Self {
        Self::Missing(format!("No {model} matches the given query."))
    }
}
