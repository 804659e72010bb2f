//! Short questions: whose key, what right, which apps.

use api::{
    names::AppName,
    push::{ACCESS_PATH, APPS_PATH, Access, AccessQuestion, KEY_PATH, KeyOwner, KeyQuestion, PushRight},
};
use http::{Request, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::{
    Controller, Error,
    connection::{PATIENCE, json, whole},
};

impl Controller {
    /// The username of who registered the key.
    pub async fn owner(&self, public: &str) -> Result<Option<String>, Error> {
        match self.post::<KeyOwner>(KEY_PATH, &KeyQuestion { public: public.to_owned() }).await {
            Ok(owner) => Ok(Some(owner.username)),
            Err(Error::Refused { status: StatusCode::NOT_FOUND, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Which app that is, when the user of the key may do that there.
    pub async fn access(&self, public: &str, app: &AppName, right: PushRight) -> Result<Access, Error> {
        let question = AccessQuestion { public: public.to_owned(), app: app.as_str().to_owned(), right };
        self.post(ACCESS_PATH, &question).await
    }

    /// Every app there is.
    pub async fn apps(&self) -> Result<Vec<Uuid>, Error> {
        self.call(Request::get(APPS_PATH), whole(""), PATIENCE).await
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, question: &impl Serialize) -> Result<T, Error> {
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
        self.call(request, json(question)?, PATIENCE).await
    }
}
