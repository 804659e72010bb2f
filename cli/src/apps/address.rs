//! The address of an app: its first domain, completed from the controller's.

use anyhow::Result;
use api::client::domains;

use crate::{
    context::{AppSession, controller_url},
    report::Failure,
};

/// Host and port of the app, without a scheme.
pub async fn of(session: &AppSession) -> Result<String> {
    let page = domains::list(&session.client, &session.app, Some(1)).await?;
    let Some(first) = page.results.first() else {
        return Err(Failure::new(format!("No domain assigned to {}", session.app)).into());
    };
    complete(&first.domain, &session.settings.controller)
}

/// A domain without a dot stands beside the controller: same parent, same port.
fn complete(domain: &str, controller: &str) -> Result<String> {
    if domain.contains('.') {
        return Ok(domain.to_owned());
    }
    let url = controller_url(controller)?;
    let port = url.port().map_or(String::new(), |port| format!(":{port}"));
    Ok(match url.domain().and_then(|host| host.split_once('.')) {
        Some((_, parent)) => format!("{domain}.{parent}{port}"),
        None => domain.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::complete;

    #[test]
    fn short_domains_stand_beside_the_controller() {
        for (domain, controller, address) in [
            ("blog", "http://deis.example.com", "blog.example.com"),
            ("blog", "http://slipway.localhost:8080", "blog.localhost:8080"),
            ("blog", "http://127.0.0.1:8080", "blog"),
            ("www.example.org", "http://deis.example.com", "www.example.org"),
        ] {
            assert_eq!(complete(domain, controller).unwrap(), address);
        }
    }
}
