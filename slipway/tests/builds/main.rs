//! Builds in real sandboxes, honest and hostile ones. Needs root, runc, buildah and docker-registry.
#![cfg(test)]

mod place;

use place::{Place, Work};

const STACK: &str = "FROM slipway-stack\n";

fn dockerfile(steps: &str) -> Work {
    Work::dockerfile(&format!("{STACK}{steps}\n"))
}

#[test]
fn a_dockerfile_becomes_an_image_in_the_registry() {
    let place = Place::new();
    let mut work =
        dockerfile("ARG KEY\nRUN echo \"the key is <$KEY>\"\nCOPY Procfile /p").file("Procfile", "web: cat /p\n");
    work.env.insert("KEY".to_owned(), "canary".to_owned());
    let seen = place.build(&work);
    assert_eq!(seen.outcome["state"], "built", "{seen:?}");
    assert_eq!(seen.outcome["types"]["web"], "cat /p");
    assert!(seen.log.contains("Step 1/4 : FROM slipway-stack") && seen.log.contains("the key is <>"), "{seen:?}");
    assert!(seen.log.contains("\n ---> ") && !seen.log.contains("localhost/slipway-build"), "{seen:?}");
    assert!(place.has_image(&seen), "{seen:?}");

    work.env.insert("DEIS_DOCKER_BUILD_ARGS_ENABLED".to_owned(), "1".to_owned());
    assert!(place.build(&work).log.contains("the key is <canary>"));
    let seen = place.build(&dockerfile("BLAH x"));
    assert!(seen.log.contains("Unknown instruction: BLAH\n") && seen.outcome["state"] == "failed", "{seen:?}");
}

#[test]
fn a_buildpack_compiles_the_app_and_its_config_stays_outside() {
    let place = Place::new();
    place.buildpack("own", &[
        ("detect", "#!/bin/bash\necho Own"),
        ("compile", "#!/bin/bash\necho \"$(id -u) $HOME $STACK $(cat $3/SECRET | wc -c)\"; date > $2/kept; echo yes > $1/made"),
        ("release", "#!/bin/bash\nprintf -- '---\\ndefault_process_types:\\n  web: cat made\\n'"),
    ]);
    let mut work = Work::buildpack().file("main", "x").file("left.out", "y").file(".slugignore", "*.out\n");
    work.env.insert("SECRET".to_owned(), "canary".to_owned());
    let seen = place.build(&work);
    insta::assert_snapshot!(seen.log, @"
    -----> Restoring cache...
           No cache file found. If this is the first deploy, it will be created now.
    -----> Own app detected
           2000 /app slipway-stack 6
    -----> Discovering process types
           Default process types for Own -> web
    -----> Checking for changes inside the cache directory...
           Files inside cache folder changed, uploading new cache...
           Done: Uploaded cache (29B)
    -----> Compiled slug size is 20B
    ");
    assert_eq!(seen.outcome["types"]["web"], "cat made", "{seen:?}");
    assert!(place.registry_has("cat made") && !place.registry_has("canary"));
    assert!(place.build(&work).log.contains("       Done!"));
}

#[test]
fn what_takes_too_much_is_ended_and_leaves_nothing() {
    let place = Place::new();
    // Enough for the limit, and no more than the machine bears when nobody looks.
    let mut hungry = dockerfile(
        "RUN for n in 1 2 3 4 5 6 7 8 9 10; do dd if=/dev/zero of=/big$n bs=1M count=100 2>/dev/null; done; sleep 15",
    );
    hungry.limits["disk"] = (300 << 20).into();
    assert_eq!(
        place.build(&hungry).reason(),
        "The build wrote more than 300 MiB to disk, the app's cache with it, and was ended. To begin with an empty cache: \
         mycli config:set DEIS_DISABLE_CACHE=1, then push again."
    );
    let mut slow = dockerfile("RUN yes");
    slow.limits["seconds"] = 3.into();
    let seen = place.build(&slow);
    assert_eq!(seen.reason(), "The build took longer than 3 seconds and was ended.");
    assert!(seen.log.len() <= (8 << 20) + 200);
    assert!(seen.log.ends_with("\nError: The build took longer than 3 seconds and was ended.\n"));
    let mut bomb = dockerfile("RUN f() { f | f & }; f; sleep 60");
    bomb.limits["seconds"] = 5.into();
    bomb.limits["processes"] = 100.into();
    assert_eq!(place.build(&bomb).outcome["state"], "failed");
    let mut greedy = dockerfile("RUN dd if=/dev/zero of=/dev/null bs=500M count=1");
    greedy.limits["memory"] = (200 << 20).into();
    assert_eq!(place.build(&greedy).reason(), "The build needed more than 200 MiB of memory.");
    place.assert_clean();
}

#[test]
fn a_build_is_cancelled_and_sees_no_other_apps_image() {
    let place = Place::new();
    let seen = place.build(&dockerfile("RUN echo mine > /secret"));
    let reference = seen.outcome["reference"].as_str().unwrap().to_owned();
    for step in [
        "COPY --from=slipway-build /secret /x",
        "COPY --from=f0 /secret /x",
        &format!("COPY --from={reference} /secret /x"),
    ] {
        let mut other = dockerfile(step);
        other.limits["seconds"] = 5.into();
        assert_eq!(place.build(&other).outcome["state"], "failed", "{step}");
    }
    let seen = place.build_and(&dockerfile("RUN echo sleeping; sleep 600"), Place::cancel_when_it_sleeps);
    assert_eq!(seen.outcome["state"], "cancelled", "{seen:?}");
    place.assert_clean();
}

#[test]
fn the_same_source_is_built_again_over_another_stack_image() {
    let place = Place::new();
    let work = dockerfile("RUN mkdir -p /var/one\nCOPY Procfile /p").file("Procfile", "web: cat /p\n");
    let empty = "Beginning with an empty image cache";
    for replaced in [false, false, true, false] {
        if replaced {
            place.replace_stack();
        }
        let seen = place.build(&work);
        assert_eq!(seen.outcome["state"], "built", "{seen:?}");
        assert_eq!(seen.log.contains(empty), replaced, "{seen:?}");
    }
    place.assert_clean();
}

#[test]
fn an_import_that_was_killed_leaves_nothing_once_somebody_looks() {
    let place = Place::new();
    place.kill_an_import();
    // Its sandbox takes a moment to end, which keeps nobody from their work.
    place.wait_until_cleared(|| assert!(place.stack(&["list"]).contains("localhost/slipway-stack:latest")));
    place.assert_clean();
}
