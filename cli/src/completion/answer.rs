//! `__complete`: what a command line can go on with, one a line, with a tab and what it means behind it.
//!
//! The program's own definition for clap tells which commands, options and values can stand where; the library's engine
//! reads it. Whoever is asked while somebody types keeps silent about what goes wrong.

use std::{
    ffi::{OsStr, OsString},
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::Result;
use clap::{Arg, ValueHint};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, complete};
use tokio::{runtime::Handle, task::spawn_blocking};

use super::{kind::Kind, source::Source};
use crate::{args, context::Context, help};

/// What tells the shell to complete the name of a file, as it does elsewhere.
const FILES: &str = ":files";

/// Completes a command line.
///
/// For the scripts that `completion` prints.
#[derive(clap::Args)]
pub struct Args {
    /// The words from the program's name to the one that is completed
    #[arg(last = true)]
    words: Vec<OsString>,
}

/// A word that the line can go on with.
struct Answer {
    word: String,
    about: String,
}

/// Prints it.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let words = args.words;
    let Some((word, typed)) = words.split_last() else { return Ok(()) };
    let word = word.to_string_lossy().into_owned();
    let source = Source::new(context, typed);
    let helps = typed.get(1).is_some_and(|word| word == "help");
    let is_first = typed.len() == 1;
    let name = context.name.clone();
    // The engine waits for names, which others fetch.
    let handle = Handle::current();
    let (mut answers, files) = spawn_blocking(move || {
        let mut words = words;
        if helps {
            // What can be explained is what can be run.
            words.remove(1);
        }
        from_engine(words, &args::command(&name), &Arc::new(source), &handle)
    })
    .await?;
    if files {
        return Ok(context.ui.say(FILES)?);
    }
    if is_first {
        answers.push(Answer { word: "help".to_owned(), about: "explains a topic or a command".to_owned() });
    }
    if helps {
        answers.extend(help::topics().map(|(word, about)| Answer { word: word.to_owned(), about: about.to_owned() }));
    }
    // Options are for who has begun one: they would drown the rest.
    let fits =
        |answer: &&Answer| answer.word.starts_with(&word) && (word.starts_with('-') || !answer.word.starts_with('-'));
    answers.iter().filter(fits).try_for_each(|answer| Ok(context.ui.say(answer)?))
}

/// What the definition says, and whether a file can be named.
fn from_engine(
    words: Vec<OsString>,
    definition: &clap::Command,
    source: &Arc<Source>,
    handle: &Handle,
) -> (Vec<Answer>, bool) {
    let files = Arc::new(AtomicBool::new(false));
    let offer = |verb: &str, arg: Arg| with_values(verb, arg, source, handle, &files);
    let mut command = definition.clone().mut_args(|arg| offer("", arg)).mut_subcommands(|verb| {
        let name = verb.get_name().to_owned();
        verb.mut_args(|arg| offer(&name, arg))
    });
    let last = words.len().saturating_sub(1);
    let found = complete(&mut command, words, last, None).unwrap_or_default();
    (found.iter().map(Answer::from).collect(), files.load(Ordering::Relaxed))
}

/// The argument, knowing what it can be.
fn with_values(verb: &str, arg: Arg, source: &Arc<Source>, handle: &Handle, files: &Arc<AtomicBool>) -> Arg {
    let id = arg.get_id().as_str();
    if let Some(kind) = Kind::of(verb, id) {
        let (source, handle, end) = (Arc::clone(source), handle.clone(), if Kind::is_pair(id) { "=" } else { "" });
        return arg.add(ArgValueCompleter::new(move |current: &OsStr| {
            let current = current.to_string_lossy();
            let names = handle.block_on(source.names(kind)).into_iter().map(|name| name + end);
            names.filter(|name| name.starts_with(&*current)).map(CompletionCandidate::new).collect()
        }));
    }
    if matches!(arg.get_value_hint(), ValueHint::AnyPath | ValueHint::FilePath | ValueHint::DirPath) {
        let files = Arc::clone(files);
        return arg.add(ArgValueCompleter::new(move |_: &OsStr| {
            files.store(true, Ordering::Relaxed);
            Vec::new()
        }));
    }
    arg
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.word)?;
        if self.about.is_empty() { Ok(()) } else { write!(f, "\t{}", self.about) }
    }
}

impl From<&CompletionCandidate> for Answer {
    fn from(candidate: &CompletionCandidate) -> Self {
        let about = candidate.get_help().map(ToString::to_string).unwrap_or_default();
        Self {
            word: candidate.get_value().to_string_lossy().into_owned(),
            about: about.lines().next().unwrap_or_default().trim_end_matches('.').to_owned(),
        }
    }
}
