//! Bad input gets one clear line and the right exit code, and loses nothing.

use std::{fmt::Write, thread};

use anyhow::{Result, ensure};
use insta::assert_snapshot;
use tests::{image::Image, snapshot, standalone::Standalone, user::User};

#[test]
fn bad_input_is_told_and_loses_nothing() -> Result<()> {
    let _portless = Image::specimen("portless", &[], &[])?;
    let _silent = Image::specimen("silent", &["silent"], &[5000])?;
    let _leaving = Image::specimen("leaving", &["leave", "3"], &[5000])?;
    let (platform, user, _image) = blog("good")?;
    let _settled = snapshot::settle(&user);
    for group in [names_of_apps, domains_and_people, config, limits_and_probes, formations, releases, usage] {
        group(&user)?;
    }
    user.does(&["config:set", "DEIS_DEPLOY_TIMEOUT=5", "-a", "blog"])?;
    images_that_are_refused(&user)?;
    images_that_do_not_come_up(&user)?;
    assert_eq!(user.curl(&platform.app_url("blog"))?, (200, "Powered by Slipway\n".to_owned()));
    Ok(())
}

/// A platform, and somebody with an app on it.
fn blog(image: &str) -> Result<(Standalone, User, Image)> {
    let image = Image::specimen(image, &[], &[5000])?;
    let platform = Standalone::start()?;
    let user = User::registered(&platform.url())?;
    user.does(&["create", "blog", "--no-remote"])?;
    user.does(&["pull", &image.name, "-a", "blog"])?;
    Ok((platform, user, image))
}

/// What a user sees who types these lines, one after the other.
fn transcript(user: &User, lines: &[&str]) -> Result<String> {
    let mut text = String::new();
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        writeln!(text, "$ mycli {line}\n{}", user.mycli(&words)?)?;
    }
    Ok(text)
}

fn names_of_apps(user: &User) -> Result<()> {
    let lines = [
        "create Bad_Name",
        "create 9lives",
        "create a-name-that-is-longer-than-the-sixty-three-letters-of-one-dns-label",
        "create blog",
        "create slipway",
        "info -a nosuch",
    ];
    assert_snapshot!(transcript(user, &lines)?, @r#"
    $ mycli create Bad_Name
    exit code 1
    out: Creating Application...
    err: Error: App name must start with an alphabetic character, cannot end with a hyphen and can only contain a-z (lowercase), 0-9 and hyphens.

    $ mycli create 9lives
    exit code 1
    out: Creating Application...
    err: Error: App name must start with an alphabetic character, cannot end with a hyphen and can only contain a-z (lowercase), 0-9 and hyphens.

    $ mycli create a-name-that-is-longer-than-the-sixty-three-letters-of-one-dns-label
    exit code 1
    out: Creating Application...
    err: Error: id: Ensure this field has no more than 63 characters.

    $ mycli create blog
    exit code 1
    out: Creating Application...
    err: Error: Application with this id already exists.

    $ mycli create slipway
    exit code 1
    out: Creating Application...
    err: Error: slipway is a reserved name.

    $ mycli info -a nosuch
    exit code 1
    err: Error: "No App matches the given query."
    err:   `mycli apps` lists the apps you can use; choose one with --app.
    "#);
    Ok(())
}

fn domains_and_people(user: &User) -> Result<()> {
    let lines = [
        "domains:add not_a_domain -a blog",
        "domains:add blog.example.com -a nosuch",
        "domains:remove www.example.com -a blog",
        "perms:create nobody -a blog",
    ];
    assert_snapshot!(transcript(user, &lines)?, @r#"
    $ mycli domains:add not_a_domain -a blog
    exit code 1
    out: Adding not_a_domain to blog...
    err: Error: Hostname does not look valid, could not convert to ACE not_a_domain: not an IDNA name

    $ mycli domains:add blog.example.com -a nosuch
    exit code 1
    out: Adding blog.example.com to nosuch...
    err: Error: "No App matches the given query."
    err:   `mycli apps` lists the apps you can use; choose one with --app.

    $ mycli domains:remove www.example.com -a blog
    exit code 1
    out: Removing www.example.com from blog...
    err: Error: "No Domain matches the given query."
    err:   `mycli domains` lists the domains there are.

    $ mycli perms:create nobody -a blog
    exit code 1
    out: Adding nobody to blog collaborators...
    err: Error: "No User matches the given query."
    err:   Check the spelling of the user's name; whoever it is must have registered.
    "#);
    Ok(())
}

fn config(user: &User) -> Result<()> {
    let lines = [
        "config:set 1BAD=x -a blog",
        "config:set NOTHING -a blog",
        "config:set PORT=http -a blog",
        "config:set PORT=70000 -a blog",
        "config:unset MISSING -a blog",
    ];
    assert_snapshot!(transcript(user, &lines)?, @"
    $ mycli config:set 1BAD=x -a blog
    exit code 1
    err: Error: '1BAD=...' does not match the pattern 'key=var', ex: MODE=test
    err:

    $ mycli config:set NOTHING -a blog
    exit code 1
    err: Error: 'NOTHING' does not match the pattern 'key=var', ex: MODE=test
    err:

    $ mycli config:set PORT=http -a blog
    exit code 1
    out: Creating config...
    err: Error: PORT can only be a numeric value

    $ mycli config:set PORT=70000 -a blog
    exit code 1
    out: Creating config...
    err: Error: PORT needs to be between 1 and 65535

    $ mycli config:unset MISSING -a blog
    exit code 1
    out: Removing config...
    err: Error: Unable to process your request: MISSING does not exist under values
    ");
    Ok(())
}

fn limits_and_probes(user: &User) -> Result<()> {
    let lines =
        ["limits:set cmd=lots -a blog", "limits:set cmd=1 -a blog", "healthchecks:set liveness httpGet eighty -a blog"];
    assert_snapshot!(transcript(user, &lines)?, @"
    $ mycli limits:set cmd=lots -a blog
    exit code 1
    err: Error: cmd=lots doesn't fit format type=#unit or type=# or type=#/#
    err: Examples: web=2G worker=500M db=1G/2G

    $ mycli limits:set cmd=1 -a blog
    exit code 1
    out: Applying limits...
    err: Error: Memory limit format: <number><unit> or <number><unit>/<number><unit>, where unit = B, K, M or G

    $ mycli healthchecks:set liveness httpGet eighty -a blog
    exit code 1
    err: Error: could not parse port: eighty: invalid digit found in string
    ");
    Ok(())
}

fn formations(user: &User) -> Result<()> {
    let lines = ["scale cmd=-1 -a blog", "scale cmd=many -a blog", "scale worker=1 -a blog", "scale Cmd=1 -a blog"];
    assert_snapshot!(transcript(user, &lines)?, @"
    $ mycli scale cmd=-1 -a blog
    exit code 1
    err: Error: 'cmd=-1' does not match the pattern 'type=num', ex: web=2
    err:

    $ mycli scale cmd=many -a blog
    exit code 1
    err: Error: 'cmd=many' does not match the pattern 'type=num', ex: web=2
    err:

    $ mycli scale worker=1 -a blog
    exit code 1
    out: Scaling processes... but first, coffee!
    err: Error: Container type worker does not exist in application

    $ mycli scale Cmd=1 -a blog
    exit code 1
    err: Error: 'Cmd=1' does not match the pattern 'type=num', ex: web=2
    err:
    ");
    Ok(())
}

fn releases(user: &User) -> Result<()> {
    let lines = ["rollback v99 -a blog", "rollback v1 -a blog", "rollback latest -a blog", "releases:info v99 -a blog"];
    assert_snapshot!(transcript(user, &lines)?, @r#"
    $ mycli rollback v99 -a blog
    exit code 1
    out: Rolling back to v99...
    err: Error: Release matching query does not exist.

    $ mycli rollback v1 -a blog
    exit code 1
    out: Rolling back to v1...
    err: Error: Cannot roll back to initial release.

    $ mycli rollback latest -a blog
    exit code 1
    err: Error: latest is not in the form 'v#'

    $ mycli releases:info v99 -a blog
    exit code 1
    err: Error: "No Release matches the given query."
    err:   `mycli releases` lists the releases there are.
    "#);
    Ok(())
}

fn usage(user: &User) -> Result<()> {
    let lines = ["logs -n many -a blog", "destroy -a blog --confirm other", "frobnicate"];
    assert_snapshot!(transcript(user, &lines)?, @"
    $ mycli logs -n many -a blog
    exit code 1
    err: error: invalid value 'many' for '--lines <LINES>': invalid digit found in string
    err:
    err: For more information, try '--help'.

    $ mycli destroy -a blog --confirm other
    exit code 1
    err: Error: App blog does not match confirm other, aborting.

    $ mycli frobnicate
    exit code 1
    err: Found no matching command, try 'mycli help'
    err: Usage: mycli <command> [<args>...]
    ");
    Ok(())
}

fn images_that_are_refused(user: &User) -> Result<()> {
    let lines = [
        "pull registry.invalid/no-such-image -a blog",
        "pull UPPER/case -a blog",
        "pull slipway-test-portless -a blog",
    ];
    assert_snapshot!(transcript(user, &lines)?, @r#"
    $ mycli pull registry.invalid/no-such-image -a blog
    exit code 1
    out: Creating build...
    err: Error: image registry.invalid/no-such-image:latest is not on this machine, and its registry cannot be reached: <why>

    $ mycli pull UPPER/case -a blog
    exit code 1
    out: Creating build...
    err: Error: "UPPER/case" is not a valid image name. Write it as [registry/]name[:tag].

    $ mycli pull slipway-test-portless -a blog
    exit code 1
    out: Creating build...
    err: Error: Expose a port or make the app non routable by changing the process type
    "#);
    Ok(())
}

fn images_that_do_not_come_up(user: &User) -> Result<()> {
    let lines =
        ["pull slipway-test-leaving -a blog", "pull slipway-test-silent -a blog", "releases -a blog", "ps -a blog"];
    assert_snapshot!(transcript(user, &lines)?, @"
    $ mycli pull slipway-test-leaving -a blog
    exit code 1
    out: Creating build...
    err: Error: (app::deploy): There was a problem deploying v4. Rolling back process types to release v3.
    err: blog-cmd-<release>-<name> exited with code 3. Its last lines:
    err:     goodbye

    $ mycli pull slipway-test-silent -a blog
    exit code 1
    out: Creating build...
    err: Error: (app::deploy): There was a problem deploying v5. Rolling back process types to release v3.
    err: blog-cmd-<release>-<name> did not become ready within 5 s: nothing listens on port 5000. Its last lines:
    err:     not listening

    $ mycli releases -a blog
    exit code 0
    out: === blog Releases
    out: v5	<time>	ana deployed <uuid> which failed
    out: v4	<time>	ana deployed <uuid> which failed
    out: v3	<time>	ana added DEIS_DEPLOY_TIMEOUT
    out: v2	<time>	ana deployed slipway-test-good
    out: v1	<time>	ana created initial release

    $ mycli ps -a blog
    exit code 0
    out: === blog Processes
    out: --- cmd:
    out: blog-cmd-<release>-<name> up (v3)
    ");
    Ok(())
}

#[test]
fn two_at_once_lose_no_change() -> Result<()> {
    let (_platform, user, _image) = blog("twice")?;
    let set = |number: usize| user.does(&["config:set", &format!("KEY_{number}={number}"), "-a", "blog"]);
    thread::scope(|scope| {
        let changes: Vec<_> = (0..5).map(|number| scope.spawn(move || set(number))).collect();
        changes.into_iter().try_for_each(|change| change.join().expect("no panic").map(drop))
    })?;
    let listed = user.does(&["config", "-a", "blog"])?;
    for number in 0..5 {
        ensure!(listed.contains(&format!("KEY_{number}")), "{number} is lost: {listed}");
    }
    let releases = user.does(&["releases", "-a", "blog"])?;
    ensure!(releases.contains("v7") && !releases.contains("v8"), "{releases}");
    Ok(())
}
