//! The envelope of lists.

use serde::{Deserialize, Serialize};

/// One page of a list (`?limit=&offset=`, 100 when not given).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Page<T> {
    /// How many there are in all.
    pub count: u64,
    /// URL of the next page.
    pub next: Option<String>,
    /// URL of the previous page.
    pub previous: Option<String>,
    /// This page.
    pub results: Vec<T>,
}

/// Of generic types utoipa knows no name that tells them apart.
#[cfg(feature = "schema")]
mod schema {
    use std::borrow::Cow;

    use utoipa::{
        PartialSchema, ToSchema,
        openapi::{Ref, RefOr, schema::Schema},
    };

    use super::Page;

    /// The envelope with nothing said of what is in it.
    #[derive(ToSchema)]
    #[allow(dead_code, reason = "only its schema is of use")]
    struct Envelope {
        /// How many there are in all.
        count: u64,
        /// URL of the next page.
        #[schema(required)]
        next: Option<String>,
        /// URL of the previous page.
        #[schema(required)]
        previous: Option<String>,
    }

    impl<T: ToSchema> PartialSchema for Page<T> {
        fn schema() -> RefOr<Schema> {
            let RefOr::T(Schema::Object(mut envelope)) = Envelope::schema() else { return Envelope::schema() };
            let results = Ref::from_schema_name(T::name()).to_array_builder();
            envelope.description = Some("One page of a list.".to_owned());
            envelope.properties.insert("results".to_owned(), results.into());
            envelope.required.push("results".to_owned());
            RefOr::T(Schema::Object(envelope))
        }
    }

    impl<T: ToSchema> ToSchema for Page<T> {
        fn name() -> Cow<'static, str> {
            Cow::Owned(format!("PageOf{}", T::name()))
        }

        fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
            schemas.push((T::name().into_owned(), T::schema()));
            T::schemas(schemas);
        }
    }
}
