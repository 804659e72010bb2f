//! Apps over https: a certificate of one's own, for a domain of one's own, served at once.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use insta::assert_snapshot;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tests::{
    image::Image,
    program,
    standalone::{Ground, Standalone},
    user::User,
    wait,
};

/// What is set holds when its command returns; the router hears of it a moment later.
const SOON: Duration = Duration::from_secs(10);
const DOMAIN: &str = "www.example.com";

#[test]
fn a_domain_is_served_with_its_certificate() -> Result<()> {
    let image = Image::specimen("https", &[], &[5000])?;
    let platform = Standalone::start_on(Ground { https: true, ..Ground::default() })?;
    let user = User::registered(&platform.url())?;
    user.does(&["create", "blog", "--no-remote"])?;
    user.does(&["pull", &image.name, "-a", "blog"])?;
    user.does(&["domains:add", DOMAIN, "-a", "blog"])?;
    let certificate = certificate(&user)?;
    let visitor = Visitor { platform: &platform, trusts: &certificate };
    ensure!(visitor.asks("https").is_err(), "it is served with a certificate that nobody gave");

    user.does(&["certs:add", "web", &certificate.display().to_string(), &key(&user).display().to_string()])?;
    assert_snapshot!(user.does(&["certs:attach", "web", DOMAIN])?, @"Attaching certificate web to domain www.example.com... done");
    let answers = |scheme: &str, what: &str| wait::until_equal(&what.to_owned(), SOON, || Ok(visitor.sees(scheme)));
    answers("https", "200 ")?;
    answers("http", "200 ")?;

    user.does(&["tls:enable", "-a", "blog"])?;
    answers("http", &format!("301 https://{DOMAIN}:{}/", platform.https_port().context("it speaks TLS")?))?;
    answers("https", "200 ")?;
    // A router that begins anew has it from its own file, and the next one from the one before.
    platform.kill("router")?;
    platform.ready()?;
    answers("https", "200 ")?;
    platform.restart("router")?;
    ensure!(visitor.sees("https") == "200 ", "a new router serves without the certificate");

    user.does(&["tls:disable", "-a", "blog"])?;
    answers("http", "200 ")?;
    assert_snapshot!(user.does(&["certs:detach", "web", DOMAIN])?, @"Detaching certificate web from domain www.example.com... done");
    wait::until("it is served with the certificate no more", SOON, || Ok(visitor.asks("https").is_err().then_some(())))
}

#[test]
fn the_api_and_apps_are_served_with_the_platforms_certificate() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["slipway.localhost".to_owned(), "nobody.localhost".to_owned()])?;
    let (certificate, key) = (folder.path().join("platform.crt"), folder.path().join("platform.key"));
    fs::write(&certificate, cert.pem())?;
    fs::write(&key, signing_key.serialize_pem())?;
    let option = |name: &str, path: &Path| &*format!("--{name}={}", path.display()).leak();
    let options = vec![option("platform-certificate", &certificate), option("platform-key", &key)];
    let platform = Standalone::start_on(Ground { https: true, options, ..Ground::default() })?;
    let port = platform.https_port().context("it speaks TLS")?;
    let status = |host: &str| {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--max-time", "30", "-o", "/dev/null", "-w", "%{http_code}", "--cacert"]).arg(&certificate);
        program::output(curl.arg(format!("https://{host}:{port}/v2/")))
    };
    wait::until_equal(&"401".to_owned(), SOON, || Ok(status("slipway.localhost").unwrap_or_default()))?;
    ensure!(status("nobody.localhost")? == "404", "an app that is not there");
    Ok(())
}

/// Somebody who trusts one authority alone.
struct Visitor<'a> {
    platform: &'a Standalone,
    trusts: &'a PathBuf,
}

impl Visitor<'_> {
    /// Status and location of the answer, or nothing while there is no connection.
    fn sees(&self, scheme: &str) -> String {
        self.asks(scheme).unwrap_or_default()
    }

    fn asks(&self, scheme: &str) -> Result<String> {
        let port = if scheme == "http" { Some(self.platform.port()) } else { self.platform.https_port() };
        let port = port.context("it speaks no TLS")?;
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--max-time", "30", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}"]);
        curl.arg("--cacert").arg(self.trusts).arg("--resolve").arg(format!("{DOMAIN}:{port}:127.0.0.1"));
        program::output(curl.arg(format!("{scheme}://{DOMAIN}:{port}/")))
    }
}

/// The file of a new certificate; its key lies beside it.
fn certificate(user: &User) -> Result<PathBuf> {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed([DOMAIN.to_owned()])?;
    let path = user.home().join("web.crt");
    fs::write(&path, cert.pem())?;
    fs::write(key(user), signing_key.serialize_pem())?;
    Ok(path)
}

fn key(user: &User) -> PathBuf {
    user.home().join("web.key")
}
