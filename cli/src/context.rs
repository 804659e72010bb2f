//! What every verb needs: the settings, a client for the controller they name, and the app that is meant.

use std::{
    env,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use api::{
    client::{Client, Notice, Observer, Options, Url},
    headers::API_VERSION,
    names::AppName,
};

use crate::{
    items::AppArg,
    name::Name,
    report::Failure,
    repository,
    settings::{self, Choice, Settings, Store},
    ui::Ui,
};

/// How long a lost request is sent again, unless `<NAME>_RETRY_SECONDS` says otherwise.
const RETRY_FOR: Duration = Duration::from_mins(1);

/// The program's surroundings.
pub struct Context {
    /// What the program is called.
    pub name: Name,
    /// Whom it talks to.
    pub ui: Ui,
    config: Option<String>,
}

/// A user who is logged in.
pub struct Session {
    /// Speaks to the controller with the user's token.
    pub client: Client,
    /// From the settings file.
    pub settings: Settings,
}

/// A user who is logged in, and an app.
pub struct AppSession {
    /// Speaks to the controller with the user's token.
    pub client: Client,
    /// From the settings file.
    pub settings: Settings,
    /// The app that is meant.
    pub app: AppName,
    /// True when the app was not named but found out.
    pub detected: bool,
}

impl Context {
    /// `config` is what `--config` said.
    pub fn new(name: Name, ui: Ui, config: Option<String>) -> Self {
        Self { name, ui, config }
    }

    /// The settings file that is meant, and why.
    pub fn choice(&self) -> Result<Choice> {
        settings::locate(&self.name, self.config.as_deref())
    }

    /// The settings file.
    pub fn store(&self) -> Result<Store> {
        Ok(self.choice()?.store)
    }

    /// The settings and a client that uses them.
    pub fn session(&self) -> Result<Session> {
        let settings = self.choice()?.load(&self.name)?;
        let client = self.client(&settings.controller, Some(&settings.token), settings.ssl_verify)?;
        Ok(Session { client, settings })
    }

    /// The same with the app that `arg` names or the surroundings suggest.
    pub fn app(&self, arg: &AppArg) -> Result<AppSession> {
        let Session { client, settings } = self.session()?;
        let (text, detected) = match &arg.app {
            Some(app) => (app.clone(), false),
            None => (repository::detect_app(&settings.controller)?, true),
        };
        let app = AppName::parse(&text).map_err(|error| {
            Failure::new(format!("{text:?} is not the name of an app: {error}"))
                .hint(format!("Name one with --app; `{} apps` lists yours.", self.name))
        })?;
        Ok(AppSession { client, settings, app, detected })
    }

    /// A client for the controller at `url`.
    pub fn client(&self, url: &str, token: Option<&str>, verify_tls: bool) -> Result<Client> {
        let (controller, retry_for) = (controller_url(url)?, self.retry_for()?);
        if !verify_tls && controller.scheme() == "https" {
            let host = controller.host_str().unwrap_or_default();
            self.ui.warn(&format!("!    WARNING: the TLS certificate of {host} is not verified."))?;
        }
        Ok(Client::new(Options {
            controller,
            token: token.filter(|token| !token.is_empty()).map(str::to_owned),
            user_agent: format!("Slipway Client {}", env!("CARGO_PKG_VERSION")),
            verify_tls,
            retry_for,
            observer: observer(self.ui.clone(), retry_for),
        })?)
    }

    fn retry_for(&self) -> Result<Duration> {
        let variable = self.name.variable("RETRY_SECONDS");
        let Ok(text) = env::var(&variable) else { return Ok(RETRY_FOR) };
        let seconds =
            text.parse().map_err(|_| Failure::new(format!("{variable} is not a number of seconds: {text}")))?;
        Ok(Duration::from_secs(seconds))
    }
}

/// Reads a controller's URL as leniently as Deis: `deis.example.com` means `http://deis.example.com`.
pub fn controller_url(text: &str) -> Result<Url> {
    let full = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let invalid = |why: &str| {
        Failure::new(format!("{text} is not the URL of a controller: {why}"))
            .hint("It looks like http://slipway.example.com.")
    };
    let mut url = Url::parse(&full).map_err(|error| invalid(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(invalid("it begins with neither http:// nor https://").into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid("it holds a user name or password").into());
    }
    url.set_path("");
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

fn observer(ui: Ui, retry_for: Duration) -> Observer {
    let retry_told = AtomicBool::new(false);
    Arc::new(move |notice| {
        let text = match notice {
            Notice::OtherVersion { server } => format!(
                "!    WARNING: Client and server API versions do not match. Please consider upgrading.\n\
                 !    Client version: {API_VERSION}\n\
                 !    Server version: {server}"
            ),
            Notice::Retrying { .. } if retry_told.swap(true, Ordering::Relaxed) => return,
            Notice::Retrying { cause, .. } => {
                format!("!    {cause}\n!    Trying again for up to {} s ...", retry_for.as_secs())
            }
        };
        // Who cannot be told must not be hindered.
        let _ = ui.warn(&text);
    })
}

#[cfg(test)]
mod tests {
    use super::controller_url;

    #[test]
    fn urls_are_read_leniently() {
        for (given, read) in [
            ("deis.example.com", "http://deis.example.com/"),
            ("https://deis.example.com/v2/?a#b", "https://deis.example.com/"),
            ("http://slipway.localhost:8080", "http://slipway.localhost:8080/"),
            ("127.0.0.1:8080", "http://127.0.0.1:8080/"),
        ] {
            assert_eq!(controller_url(given).unwrap().as_str(), read);
        }
        for bad in ["", "ftp://a", "http://u:p@a", "http://", "a b"] {
            assert!(controller_url(bad).is_err(), "{bad:?}");
        }
    }
}
