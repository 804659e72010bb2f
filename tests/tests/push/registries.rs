//! Images of registries outside, as what a Dockerfile or a stack image begins with, where only the machine's own certificates
//! prove who they are.

use anyhow::{Context, Result, ensure};
use tests::{outside::Outside, registry::Registry, standalone::Ground};

use super::{Stage, pushed};

/// Serves a page from an image that knows nothing but busybox.
const TAIL: &str = "RUN [\"busybox\", \"mkdir\", \"/srv\"]\nCOPY index.html /srv/\nEXPOSE 8000\nUSER nobody\n\
                    CMD [\"busybox\", \"httpd\", \"-f\", \"-p\", \"8000\", \"-h\", \"/srv\"]\n";

#[test]
fn an_image_of_a_registry_outside() -> Result<()> {
    let mut outside = Outside::open()?;
    let registry = Registry::open(&mut outside)?;
    let base = registry.publish()?;
    let ground = Ground { stack: true, within: Some(registry.trusting()), ..Ground::default() };
    let stage = Stage::set_on(ground)?;
    let page = ("index.html", "Powered by a base\n");

    let blog = stage.app("blog", &[("Dockerfile", &format!("FROM {base}\n{TAIL}")), page])?;
    pushed(&blog)?;
    stage.is_served("blog", "Powered by a base")?;

    let fetches =
        format!("FROM slipway-stack\nARG SSL_CERT_FILE\nRUN curl -fsS https://{}/v2/\nRUN false\n", outside_of(&base));
    blog.write("Dockerfile", &fetches)?;
    blog.commit("Fetch")?;
    let said = blog.push()?;
    ensure!(said.text.contains("RUN false") && said.code == 1, "curl does not trust the registry: {said}");

    blog.write("Dockerfile", &format!("FROM {base}-missing\n"))?;
    blog.commit("Misspell")?;
    let said = blog.push()?;
    ensure!(said.code == 1 && said.text.contains("manifest unknown"), "{said}");

    let told = stage.platform.stack(&["pull", &base, "--name", "tiny"])?;
    ensure!(told.contains("The stack image tiny is there."), "{told}");
    ensure!(stage.platform.stack(&["list"])?.contains("localhost/tiny:latest"), "tiny is not listed");
    blog.write("Dockerfile", &format!("FROM tiny\n{TAIL}"))?;
    blog.commit("Begin with a stack image")?;
    pushed(&blog)?;
    stage.is_served("blog", "Powered by a base")?;

    ensure!(stage.platform.stack(&["remove", "tiny"])?.contains("The stack image tiny is gone."), "it says nothing");
    ensure!(!stage.platform.stack(&["list"])?.contains("tiny"), "tiny is still listed");
    let again = format!("{:#}", stage.platform.stack(&["remove", "tiny"]).err().context("it is removed twice")?);
    ensure!(again.contains("there is no stack image tiny; `slipway stack list` shows"), "{again}");
    stage.is_served("blog", "Powered by a base")
}

fn outside_of(image: &str) -> &str {
    image.split('/').next().unwrap_or_default()
}
