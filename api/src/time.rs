//! Points in time as the API shows them: UTC, whole seconds.

use std::fmt;

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

const FORMAT: &str = "%Y-%m-%dT%H:%M:%SZ";

/// A point in time, shown as `2024-05-01T10:00:00Z` (Deis API 2.3: UTC, no fraction).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub DateTime<Utc>);

impl From<DateTime<Utc>> for Timestamp {
    fn from(at: DateTime<Utc>) -> Self {
        Self(at)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl Timestamp {
    fn text(self) -> String {
        // Of lists of apps and releases a tenth was the formatting of times by a pattern.
        self.0.to_rfc3339_opts(SecondsFormat::Secs, true)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

#[cfg(feature = "schema")]
impl utoipa::PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::{KnownFormat, ObjectBuilder, schema::SchemaFormat, schema::Type};

        let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        ObjectBuilder::new().schema_type(Type::String).format(Some(format)).into()
    }
}

#[cfg(feature = "schema")]
impl utoipa::ToSchema for Timestamp {}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if let Ok(at) = NaiveDateTime::parse_from_str(&text, FORMAT) {
            return Ok(Self(at.and_utc()));
        }
        // Other controllers send fractions and offsets; a client has no reason to refuse them.
        let at = DateTime::parse_from_rfc3339(&text).map_err(D::Error::custom)?;
        Ok(Self(at.to_utc()))
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn whole_seconds_both_ways() {
        let at: Timestamp = serde_json::from_str("\"2024-05-01T10:00:00.5+02:00\"").unwrap();
        assert_eq!(serde_json::to_string(&at).unwrap(), "\"2024-05-01T08:00:00Z\"");
    }
}
