//! What a build cannot do: reach the machine, its neighbours or their images, or take more than its share.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tests::{container, machine, standalone::Ground};

use super::{SMALL, Stage, pushed};

/// The time limit of builds here, and what it may take to end one.
const LIMIT: Duration = Duration::from_secs(20 + 15);

/// Tries to connect to each `<address>:<first>-<last>` and prints those that answer.
const PROBE: &str = r#"
import asyncio, sys
async def knock(address, port, gate):
    async with gate:
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(address, port), 1)
            writer.close()
            print(f"{address}:{port} is open", flush=True)
        except (OSError, asyncio.TimeoutError):
            pass
async def main():
    gate, tries = asyncio.Semaphore(1000), []
    for target in sys.argv[1:]:
        address, ports = target.rsplit(":", 1)
        first, _, last = ports.partition("-")
        tries += [knock(address, port, gate) for port in range(int(first), int(last or first) + 1)]
    await asyncio.gather(*tries)
    print(f"tried {len(tries)}")
asyncio.run(main())
"#;

#[test]
fn a_build_reaches_neither_the_machine_nor_an_app() -> Result<()> {
    let stage = Stage::set()?;
    let neighbour = stage.app("neighbour", &[("Dockerfile", SMALL)])?;
    pushed(&neighbour)?;
    let witness = std::net::TcpListener::bind("0.0.0.0:0")?;
    let many = if tests::prove() { u16::MAX } else { 100 };
    let neighbour = container::address(&stage.user, "neighbour")?;
    let mut targets =
        vec![format!("{neighbour}:1-{many}"), format!("{neighbour}:8000"), "169.254.169.254:80".to_owned()];
    for address in machine::addresses()? {
        let known = [
            stage.platform.port(),
            stage.platform.ssh_port(),
            stage.platform.registry_port(),
            witness.local_addr()?.port(),
        ];
        targets.push(format!("{address}:1-{many}"));
        targets.extend(known.into_iter().chain([2375, 2376, 5432, 2222, 5055]).map(|port| format!("{address}:{port}")));
    }
    let probe = format!(
        "FROM slipway-stack\nCOPY probe.py /\nRUN python3 /probe.py {}\nRUN ls -la /var/run /run; \
                         test ! -S /var/run/docker.sock\nRUN exit 3\n",
        targets.join(" ")
    );
    let prisoner = stage.app("prisoner", &[("Dockerfile", &probe), ("probe.py", PROBE)])?;
    let seen = prisoner.push()?;
    ensure!(seen.text.contains("tried "), "the probe did not run: {seen}");
    ensure!(!seen.text.contains("is open"), "{seen}");
    Ok(())
}

#[test]
fn a_build_sees_no_image_of_another_app() -> Result<()> {
    let stage = Stage::set()?;
    let secret = format!("{SMALL}COPY secret /srv/secret\n");
    let victim = stage.app("victim", &[("Dockerfile", &secret), ("secret", "canary-4711\n")])?;
    pushed(&victim)?;
    let names = images_of_the_victim(&stage)?;
    ensure!(!names.is_empty(), "the victim has no image");
    let thief = stage.app("thief", &[("Dockerfile", SMALL)])?;
    pushed(&thief)?;
    for name in names {
        for dockerfile in [
            format!("FROM {name}\nRUN cat /srv/secret\n"),
            format!("FROM slipway-stack\nCOPY --from={name} /srv/secret /\nRUN cat /secret\n"),
        ] {
            thief.write("Dockerfile", &dockerfile)?;
            thief.commit("Try")?;
            let said = thief.push()?;
            ensure!(said.code == 1 && !said.text.contains("canary"), "{dockerfile}: {said}");
        }
    }
    Ok(())
}

/// What a build may use here: little, so that it does not take long to use it up.
const BOUNDS: [&str; 6] = ["--build-timeout", "20", "--build-disk", "1G", "--build-memory", "512M"];

/// What a Dockerfile does, and a word of what its pusher is told.
const GREED: [(&str, &str, &str); 6] = [
    ("a fork bomb", "bash -c 'f() { f | f & }; f; sleep 300'", "Resource temporarily unavailable"),
    ("sleep", "sleep 300", "longer than 20 seconds"),
    ("an endless log", "while :; do head -c 1000000 /dev/zero | tr '\\0' y | fold -w 1000; done", "left out"),
    ("a file of 10 GiB", "fallocate -l 10G /big", "File size limit exceeded"),
    ("many files", "for i in 1 2 3 4 5 6 7 8 9; do dd if=/dev/zero of=/big$i bs=1M count=300; done; sleep 20", "disk"),
    ("memory", "python3 -c 'a = bytearray(1 << 30); print(len(a))'", "memory"),
];

#[test]
fn a_build_takes_no_more_than_its_share() -> Result<()> {
    let stage = Stage::set_on(Ground { stack: true, options: BOUNDS.to_vec(), ..Ground::default() })?;
    let quiet = stage.app("quiet", &[("Dockerfile", SMALL)])?;
    pushed(&quiet)?;
    let greedy = stage.app("greedy", &[("Dockerfile", SMALL)])?;
    for (what, line, word) in GREED {
        greedy.write("Dockerfile", &format!("FROM slipway-stack\nRUN {line}\n"))?;
        greedy.commit(what)?;
        let began = Instant::now();
        let said = greedy.push()?;
        ensure!(said.code == 1 && said.text.contains(word), "{what}: {said}");
        ensure!(began.elapsed() < LIMIT, "{what} went on for {:?}: {said}", began.elapsed());
        stage.is_served("quiet", "Powered by Slipway").context(what)?;
    }
    greedy.write("Dockerfile", SMALL)?;
    greedy.commit("Modest again")?;
    pushed(&greedy)?;
    Ok(())
}

/// Every name by which the engine and the registry know the newest image of the victim, and beginnings of its ids.
fn images_of_the_victim(stage: &Stage) -> Result<Vec<String>> {
    let image = container::image(&stage.user, "victim")?;
    let digest = container::inspect("{{index .RepoDigests 0}}", &image)?;
    let hex = image.trim_start_matches("sha256:");
    let repository = digest.split('@').next().unwrap_or_default();
    let path = repository.split_once('/').map_or(repository, |(_, path)| path);
    let hash = digest.split('@').nth(1).unwrap_or_default();
    let registry = stage.platform.registry_port();
    Ok(vec![
        digest.clone(),
        format!("localhost/{path}"),
        path.to_owned(),
        hex.to_owned(),
        hex[..2].to_owned(),
        format!("127.0.0.1:{registry}/{path}@{hash}"),
    ])
}
