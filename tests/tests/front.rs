//! How an app shows itself to the world: maintenance, routing, whitelist, and the tags that say where it may run.

use std::{process::Command, time::Duration};

use anyhow::Result;
use insta::assert_snapshot;
use tests::{
    image::Image,
    program,
    standalone::{Ground, Standalone},
    user::User,
    wait,
};

/// What is set holds when its command returns; the router hears of it a moment later.
const SOON: Duration = Duration::from_secs(10);

#[test]
fn the_router_does_what_the_owner_says() -> Result<()> {
    let image = Image::specimen("front", &[], &[5000])?;
    let options = vec!["--trusted-proxy", "127.0.0.1/32", "--machine-label", "disk=ssd"];
    let platform = Standalone::start_on(Ground { options, ..Ground::default() })?;
    let user = User::registered(&platform.url())?;
    user.does(&["create", "blog", "--no-remote"])?;
    user.does(&["pull", &image.name, "-a", "blog"])?;
    let answers = |status: u16| wait::until_equal(&status, SOON, || Ok(user.curl(&platform.app_url("blog"))?.0));
    answers(200)?;

    assert_snapshot!(user.does(&["maintenance:on", "-a", "blog"])?, @"Enabling maintenance mode for blog... done");
    answers(503)?;
    assert!(user.curl(&platform.app_url("blog"))?.1.contains("<title>Site Maintenance</title>"));
    user.does(&["maintenance:off", "-a", "blog"])?;
    answers(200)?;

    user.does(&["routing:disable", "-a", "blog"])?;
    answers(404)?;
    assert_snapshot!(user.does(&["routing", "-a", "blog"])?, @"Routing is disabled.");
    user.does(&["routing:enable", "-a", "blog"])?;
    answers(200)?;

    user.does(&["routing:set", "referrerPolicy=same-origin", "-a", "blog"])?;
    let policy = || Ok(head(&platform.app_url("blog"))?.to_lowercase().contains("referrer-policy: same-origin"));
    wait::until_equal(&true, SOON, policy)?;

    assert_snapshot!(user.does(&["tags:set", "disk=ssd", "-a", "blog"])?, @r"
    Applying tags... done

    === blog Tags
    disk     ssd
    ");
    let refused = user.mycli(&["tags:set", "disk=hdd", "-a", "blog"])?;
    assert_snapshot!(refused, @r"
    exit code 1
    out: Applying tags...
    err: Error: No nodes matched the provided labels
    err:   No machine bears disk=hdd - Addition of disk=hdd is the cause. The operator labels one with --machine-label KEY=VALUE.
    ");
    answers(200)?;
    only_those_on_the_whitelist(&platform, &user)
}

/// The test's own machine is the proxy before the router, and says who asks.
fn only_those_on_the_whitelist(platform: &Standalone, user: &User) -> Result<()> {
    let from = |client: &str| asked_by(client, &platform.app_url("blog"));
    let answers = |status: u16, client: &str| wait::until_equal(&status, SOON, || from(client));
    answers(200, "203.0.113.7")?;
    assert_snapshot!(user.does(&["whitelist:add", "203.0.113.7,10.0.0.0/8", "-a", "blog"])?, @r"
    Adding 203.0.113.7,10.0.0.0/8 to blog whitelist...
    done
    ");
    answers(403, "203.0.113.8")?;
    assert_eq!(from("203.0.113.7")?, 200);
    assert_eq!(from("203.0.113.8, 10.1.2.3")?, 200);
    assert_eq!(from("10.1.2.3, 203.0.113.8")?, 403);
    assert_eq!(user.curl(&platform.app_url("blog"))?.0, 403);
    // What stands at the door is no part of a release, and outlives the router.
    user.does(&["config:set", "A=1", "-a", "blog"])?;
    platform.kill("router")?;
    platform.ready()?;
    answers(200, "10.9.9.9")?;
    assert_eq!(from("203.0.113.8")?, 403);

    user.does(&["whitelist:remove", "203.0.113.7,10.0.0.0/8", "-a", "blog"])?;
    answers(200, "203.0.113.8")
}

/// The status of what the URL answers to somebody at that address.
fn asked_by(client: &str, url: &str) -> Result<u16> {
    let mut curl = Command::new("curl");
    curl.args(["-sS", "--max-time", "30", "-o", "/dev/null", "-w", "%{http_code}"]);
    curl.arg("-H").arg(format!("X-Forwarded-For: {client}"));
    Ok(program::output(curl.arg("--").arg(url))?.trim().parse()?)
}

/// The head of what the URL answers.
fn head(url: &str) -> Result<String> {
    program::output(Command::new("curl").args(["-sS", "--max-time", "30", "-D", "-", "-o", "/dev/null", "--"]).arg(url))
}
