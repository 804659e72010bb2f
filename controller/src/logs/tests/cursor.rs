//! Reading on while lines are stored.

use std::fs;

use api::names::ProcessType;
use proptest::prelude::*;
use tempfile::TempDir;
use uuid::Uuid;

use super::{at, line, texts};
use crate::logs::{Limits, Line, Place, Selection, Source, Store};

const APP: Uuid = Uuid::from_u128(1);

/// Segments of a few lines.
const SMALL: Limits = Limits { per_app: 4000, total: 1 << 20, segment: 400 };

fn numbered(numbers: std::ops::Range<i64>) -> Vec<Line> {
    numbers.map(|n| line("blog-web-1", n, &format!("line {n}"))).collect()
}

fn rest(store: &Store, place: &mut Place) -> Vec<Line> {
    let mut all = Vec::new();
    loop {
        let lines = store.next(APP, place).unwrap();
        if lines.is_empty() {
            return all;
        }
        all.extend(lines);
    }
}

#[test]
fn begins_with_the_last_ones_and_goes_on_anywhere() {
    let folder = TempDir::new().unwrap();
    let (writer, reader) = [(); 2].map(|()| Store::open(folder.path(), SMALL).unwrap()).into();
    let (lines, mut place) = reader.tail(APP, 10, &Selection::default()).unwrap();
    assert_eq!((lines, place), (vec![], Place::default()), "there is nothing yet");
    writer.append(APP, &numbered(0..3)).unwrap();
    assert_eq!(rest(&reader, &mut place), numbered(0..3));
    for n in 3..60 {
        writer.append(APP, &numbered(n..n + 1)).unwrap();
    }
    let (last, behind) = reader.tail(APP, 2, &Selection::default()).unwrap();
    assert_eq!(texts(&last), ["line 58", "line 59"]);
    assert_eq!(rest(&reader, &mut place), numbered(3..60), "through many segments");
    assert_eq!(place, behind);
    let mut told: Place = place.to_string().parse().unwrap();
    writer.append(APP, &numbered(60..61)).unwrap();
    assert_eq!(rest(&reader, &mut told), numbered(60..61));
}

#[test]
fn what_was_dropped_is_passed_over_and_what_is_half_written_waited_for() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(folder.path(), SMALL).unwrap();
    let mut place = Place::default();
    for n in 0..500 {
        store.append(APP, &numbered(n..n + 1)).unwrap();
    }
    let lines = rest(&store, &mut place);
    assert!(lines.len() < 500);
    assert_eq!(lines.last(), numbered(499..500).last());
    store.release();
    let newest = fs::read_dir(folder.path().join(APP.to_string())).unwrap();
    let newest = newest.map(|entry| entry.unwrap().path()).filter(|path| path.extension().unwrap() == "log").max();
    let newest = newest.unwrap();
    let whole = fs::read(&newest).unwrap();
    fs::write(&newest, [&whole[..], b"1714557600000000500 blog-web-1 web 3 half"].concat()).unwrap();
    assert_eq!(rest(&store, &mut place), []);
    // A write that failed is cut off, and comes again.
    store.append(APP, &numbered(500..502)).unwrap();
    assert_eq!(rest(&store, &mut place), numbered(500..502));
    store.remove(APP).unwrap();
    assert_eq!(rest(&store, &mut place), []);
}

#[test]
fn the_last_wanted_ones_are_found_behind_others() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(folder.path(), Limits::default()).unwrap();
    let worker = |n| Line {
        source: Source {
            instance: "blog-worker-2".to_owned(),
            process_type: ProcessType::parse("worker").unwrap(),
            version: 3,
        },
        ..line("", n, &format!("work {n}"))
    };
    store.append(APP, &[worker(0), worker(1)]).unwrap();
    store.append(APP, &numbered(2..100)).unwrap();
    let tail = |selection: &Selection| store.tail(APP, 2, selection).unwrap().0;
    let workers = Selection { process_type: Some(ProcessType::parse("worker").unwrap()), ..Selection::default() };
    assert_eq!(texts(&tail(&workers)), ["work 0", "work 1"]);
    let one = Selection { instance: Some("worker-2".to_owned()), since: Some(at(1)), ..Selection::default() };
    assert_eq!(texts(&tail(&one)), ["work 1"]);
}

proptest! {
    #[test]
    fn no_line_is_missed_and_none_read_twice(batches in prop::collection::vec((1_i64..8, any::<bool>()), 0..40)) {
        let folder = TempDir::new().unwrap();
        let store = Store::open(folder.path(), Limits { per_app: 1 << 20, ..SMALL }).unwrap();
        let (mut place, mut next, mut seen) = (Place::default(), 0, Vec::new());
        for (count, look) in batches {
            store.append(APP, &numbered(next..next + count)).unwrap();
            next += count;
            if look {
                seen.extend(store.next(APP, &mut place).unwrap());
            }
        }
        seen.extend(rest(&store, &mut place));
        prop_assert_eq!(seen, numbered(0..next));
    }

    #[test]
    fn no_cursor_is_too_strange(segment in any::<u64>(), offset in any::<u64>()) {
        let folder = TempDir::new().unwrap();
        let store = Store::open(folder.path(), SMALL).unwrap();
        store.append(APP, &numbered(0..50)).unwrap();
        let mut place: Place = format!("{segment}-{offset}").parse().unwrap();
        let _ = rest(&store, &mut place);
    }
}
