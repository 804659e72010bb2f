//! The lock on pushes to an app.

use api::push::{LOCK_PATH, Lock};
use http::{Method, Request, StatusCode, header};

use super::{
    Controller, Error,
    connection::{PATIENCE, json},
};

impl Controller {
    /// Takes or renews the lock; false when another push has it.
    pub async fn lock(&self, lock: &Lock) -> Result<bool, Error> {
        match self.send_lock(Method::POST, lock).await {
            Ok(()) => Ok(true),
            Err(Error::Refused { status: StatusCode::CONFLICT, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Gives it up.
    pub async fn unlock(&self, lock: &Lock) -> Result<(), Error> {
        self.send_lock(Method::DELETE, lock).await
    }

    async fn send_lock(&self, method: Method, lock: &Lock) -> Result<(), Error> {
        let request = Request::builder().method(method).uri(LOCK_PATH);
        let request = request.header(header::CONTENT_TYPE, "application/json");
        self.exchange(request, json(lock)?, PATIENCE).await.map(drop)
    }
}
