//! Storing, keeping within limits, and coming back after a crash.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use proptest::prelude::*;
use tempfile::TempDir;
use uuid::Uuid;

use super::{line, texts};
use crate::logs::{Error, Limits, Line, Resume, Store};

const APP: Uuid = Uuid::from_u128(1);
const ALL: usize = usize::MAX;

/// Limits under which nothing is dropped, with segments of a few lines.
const SMALL: Limits = Limits { per_app: u64::MAX, total: u64::MAX, segment: 300 };

fn store(folder: &TempDir, limits: Limits) -> Store {
    Store::open(folder.path(), limits).unwrap()
}

fn numbered(range: std::ops::Range<i64>) -> Vec<Line> {
    range.map(|number| line("blog-web-3f9a1c07-1vxqg", number, &format!("line {number}"))).collect()
}

/// The segments of an app, oldest first.
fn files(folder: &TempDir, app: Uuid) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.path().join(app.to_string())).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).unwrap().len()
}

#[test]
fn the_last_lines_come_back_also_from_another_process() {
    let folder = TempDir::new().unwrap();
    let lines = numbered(0..40);
    let writer = store(&folder, SMALL);
    lines.chunks(3).for_each(|batch| writer.append(APP, batch).unwrap());
    assert!(files(&folder, APP).len() > 5, "several segments");
    assert_eq!(writer.last(APP, ALL).unwrap(), lines);
    drop(writer);

    let reader = store(&folder, SMALL);
    assert_eq!(reader.last(APP, ALL).unwrap(), lines);
    assert_eq!(texts(&reader.last(APP, 2).unwrap()), ["line 38", "line 39"]);
    assert_eq!(*reader.watch(APP).unwrap().borrow(), 40);
    assert_eq!(reader.last(Uuid::from_u128(2), ALL).unwrap(), []);
}

#[test]
fn a_folder_has_one_writer_and_many_readers() {
    let folder = TempDir::new().unwrap();
    let (first, second) = (store(&folder, SMALL), store(&folder, SMALL));
    first.append(APP, &numbered(0..20)).unwrap();
    let refused = second.append(APP, &numbered(20..21)).unwrap_err();
    assert!(matches!(refused, Error::InUse(_)), "{refused}");
    assert_eq!(second.last(APP, ALL).unwrap(), numbered(0..20));
    first.release();
    second.append(APP, &numbered(20..21)).unwrap();
    assert_eq!(first.last(APP, ALL).unwrap(), numbered(0..21));
}

#[test]
fn an_app_keeps_its_last_bytes_and_its_sequence() {
    let folder = TempDir::new().unwrap();
    let limits = Limits { per_app: 1000, ..SMALL };
    let log = store(&folder, limits);
    numbered(0..500).chunks(2).for_each(|batch| log.append(APP, batch).unwrap());
    let bytes: u64 = files(&folder, APP).iter().map(|path| size(path)).sum();
    assert!((600..=1000).contains(&bytes), "{bytes}");
    drop(log);
    let log = store(&folder, limits);
    assert_eq!(texts(&log.last(APP, 1).unwrap()), ["line 499"]);
    assert_eq!(*log.watch(APP).unwrap().borrow(), 500);
}

#[test]
fn when_all_have_too_much_the_loudest_loses() {
    let folder = TempDir::new().unwrap();
    let log = store(&folder, Limits { total: 2000, ..SMALL });
    let (quiet, loud) = (Uuid::from_u128(1), Uuid::from_u128(2));
    log.append(quiet, &numbered(0..3)).unwrap();
    numbered(0..500).chunks(5).for_each(|batch| log.append(loud, batch).unwrap());
    log.append(quiet, &numbered(3..6)).unwrap();
    assert_eq!(log.last(quiet, ALL).unwrap(), numbered(0..6));
    let bytes: u64 = [quiet, loud].iter().flat_map(|app| files(&folder, *app)).map(|path| size(&path)).sum();
    assert!((1000..=2000).contains(&bytes), "{bytes}");
    log.remove(loud).unwrap();
    assert!(!folder.path().join(loud.to_string()).exists());
    assert_eq!(log.last(loud, ALL).unwrap(), []);
}

#[test]
fn what_the_disk_refuses_is_not_stored_and_works_later() {
    let folder = TempDir::new().unwrap();
    let log = store(&folder, SMALL);
    let blocked = folder.path().join(APP.to_string());
    fs::write(&blocked, "in the way").unwrap();
    let refused = log.append(APP, &numbered(0..2)).unwrap_err();
    assert!(matches!(refused, Error::Io { .. }), "{refused}");
    fs::remove_file(&blocked).unwrap();
    log.append(APP, &numbered(0..2)).unwrap();
    assert_eq!(log.last(APP, ALL).unwrap(), numbered(0..2));
}

#[test]
fn a_write_cut_off_at_any_byte_leaves_the_whole_lines_before_it() {
    let lines = numbered(0..6);
    let folder = TempDir::new().unwrap();
    store(&folder, Limits::default()).append(APP, &lines).unwrap();
    let file = files(&folder, APP).remove(0);
    let whole = fs::read(&file).unwrap();
    for cut in 0..=whole.len() {
        fs::write(&file, &whole[..cut]).unwrap();
        let log = store(&folder, Limits::default());
        let left = whole[..cut].split(|byte| *byte == b'\n').count() - 1;
        assert_eq!(log.last(APP, ALL).unwrap(), lines[..left], "cut at {cut}");
        log.append(APP, &lines[left..]).unwrap();
        assert_eq!(log.last(APP, ALL).unwrap(), lines, "cut at {cut}");
        assert_eq!(fs::read(&file).unwrap(), whole, "cut at {cut}");
    }
}

#[test]
fn zeroes_after_a_power_cut_are_cut_off() {
    let folder = TempDir::new().unwrap();
    store(&folder, SMALL).append(APP, &numbered(0..2)).unwrap();
    let file = files(&folder, APP).remove(0);
    let mut bytes = fs::read(&file).unwrap();
    bytes.extend([0; 512]);
    fs::write(&file, bytes).unwrap();
    let log = store(&folder, SMALL);
    log.append(APP, &numbered(2..3)).unwrap();
    assert_eq!(log.last(APP, ALL).unwrap(), numbered(0..3));
}

#[test]
fn a_quiet_instance_is_remembered_when_its_lines_are_gone() {
    let folder = TempDir::new().unwrap();
    let limits = Limits { per_app: 600, ..SMALL };
    let log = store(&folder, limits);
    log.append(APP, &[line("quiet", 1, "hello"), line("quiet", 1, "again")]).unwrap();
    (0..50).for_each(|number| log.append(APP, &[line("loud", 10 + number, "noise")]).unwrap());
    drop(log);
    let log = store(&folder, limits);
    assert!(!texts(&log.last(APP, ALL).unwrap()).contains(&"hello"));
    assert_eq!(log.resume(APP, "quiet").unwrap(), Resume { since: Some(super::at(1)), stored: 2 });
    assert_eq!(log.resume(APP, "unknown").unwrap(), Resume::default());

    log.retain(APP, &BTreeSet::from(["loud".to_owned()])).unwrap();
    (0..50).for_each(|number| log.append(APP, &[line("loud", 60 + number, "noise")]).unwrap());
    assert_eq!(log.resume(APP, "quiet").unwrap(), Resume::default());
}

/// What a platform has of an instance: from a point on, inclusive, in its own order.
fn stream(tape: &[Line], resume: &Resume) -> Vec<Line> {
    let wanted = |line: &&Line| resume.since.is_none_or(|since| line.at >= since);
    tape.iter().filter(wanted).cloned().collect()
}

/// Reads `tape` into the store, `batch` lines at a time, and dies after `lives` batches.
fn read_for_a_while(folder: &TempDir, limits: Limits, tape: &[Line], batch: usize, lives: usize) {
    let log = store(folder, limits);
    let mut resume = log.resume(APP, &tape[0].source.instance).unwrap();
    let new: Vec<_> = stream(tape, &resume).into_iter().filter(|line| resume.is_new(line.at)).collect();
    new.chunks(batch).take(lives).for_each(|lines| log.append(APP, lines).unwrap());
}

/// Cuts the end of the newest segment off, as a crash in the middle of a write does.
fn tear(folder: &TempDir, bytes: u64) {
    let newest = files(folder, APP).pop().unwrap();
    let keep = size(&newest).saturating_sub(bytes);
    fs::File::options().write(true).open(newest).unwrap().set_len(keep).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Killed again and again, in the middle of writes too, the store ends up with exactly what the platform has.
    #[test]
    fn nothing_is_lost_or_doubled(
        steps in prop::collection::vec(0_i64..3, 1..120),
        deaths in prop::collection::vec((1_usize..5, 1_usize..6, 0_u64..40), 0..12),
        segment in prop::sample::select(vec![300_u64, 100_000]),
        shuffled in any::<bool>(),
    ) {
        let limits = Limits { segment, ..SMALL };
        let mut tape: Vec<Line> = steps
            .iter()
            .scan(0, |now, step| { *now += step; Some(*now) })
            .enumerate()
            .map(|(number, nanos)| line("blog-web-3f9a1c07-1vxqg", nanos, &format!("line {number}")))
            .collect();
        // Neighbours out of order: only within one segment is that told apart.
        if shuffled && segment > 300 {
            tape.chunks_mut(2).for_each(<[Line]>::reverse);
        }
        let folder = TempDir::new().unwrap();
        for (batch, lives, torn) in deaths {
            read_for_a_while(&folder, limits, &tape, batch, lives);
            // A segment is begun whole; only what is appended to it can be torn.
            if segment > 300 {
                tear(&folder, torn);
            }
        }
        read_for_a_while(&folder, limits, &tape, 7, usize::MAX);
        prop_assert_eq!(store(&folder, limits).last(APP, ALL).unwrap(), tape);
    }
}
