//! The test images as scripts of the platform in memory.

use std::{sync::Arc, time::Duration};

use controller::platform::memory::{BuildScript, Memory, Script};

use crate::{
    bench::{Bench, app},
    cases::build::{BAD, ENDLESS, GOOD, LOG, REASON},
};

const PORT: u16 = 8080;

pub fn bench() -> Bench {
    let memory = Memory::default();
    let serves = Script::serves(PORT);
    let second = Duration::from_secs(1);
    memory.image("serves", serves.clone());
    memory.image("closes", Script { listens: Some(Duration::ZERO..second * 2), ..serves.clone() });
    memory.image("stubborn", Script { ignores_term: true, ..serves.clone() });
    memory.image("deaf", Script { listens: None, ..serves });
    memory.image("idles", Script::default());
    memory.image("repeats", Script { repeats: true, ..Script::default() });
    memory.image("works", Script { works: true, ..Script::default() });
    memory.image("talks", Script { talks: Some(Duration::from_millis(20)), ..Script::default() });
    memory.image("exits", Script { complains: vec!["last".to_owned()], ..Script::exits(3, &["first"]) });
    memory.image("hungry", Script { out_of_memory: true, ..Script::exits(137, &[]) });
    let build = |writes: &str| BuildScript { writes: writes.to_owned(), ..BuildScript::serves(PORT) };
    memory.build(GOOD, build(LOG));
    memory.build(BAD, BuildScript { makes: Err(REASON.to_owned()), ..build(LOG) });
    memory.build(ENDLESS, BuildScript { takes: Duration::MAX, ..build(LOG) });
    Bench::new(app(), Arc::new(memory), "", ())
}
