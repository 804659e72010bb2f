//! `ps:exec`.

use anyhow::Result;
use api::{
    client::{pods, session},
    types::Pod,
};

use crate::{
    context::{AppSession, Context},
    exit::Exit,
    items::AppArg,
    report::Failure,
    session::{attend, of_user},
};

/// Executes a command in a running process, or opens a shell there.
///
/// The process is named by its name, the end of it, or its type; without one it is the first that serves requests. The
/// command reads what is typed or piped into this program, has a terminal where this program has one, and all that it
/// started ends with it.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli ps:exec -a blog\n  \
    mycli ps:exec worker -a blog\n  \
    mycli ps:exec 1vxqg -a blog -- ls -l /tmp")]
pub struct Args {
    /// The process
    #[arg(value_name = "PROCESS")]
    process: Option<String>,
    /// The same, as an option
    #[arg(long, alias = "dyno", conflicts_with = "process", value_name = "PROCESS")]
    instance: Option<String>,
    #[command(flatten)]
    app: AppArg,
    /// No terminal for the command, even where this program has one
    #[arg(long)]
    no_tty: bool,
    /// The command and its arguments, joined with spaces and read by a shell [default: the shell: bash, else sh]
    #[arg(last = true, allow_hyphen_values = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Executes it and passes on what it reads and writes.
pub async fn run(args: &Args, context: &Context) -> Result<Exit> {
    let apps = context.app(&args.app)?;
    let pods = pods::list(&apps.client, &apps.app, None).await?.results;
    let pod = choose(&pods, args.process.as_deref().or(args.instance.as_deref()), &apps)?;
    let place = (pod.process_type.as_str(), pod.name.as_str());
    let Some(session) = session::exec(&apps.client, &apps.app, place).await? else {
        return Err(Failure::new("The controller cannot execute commands in processes.")
            .hint("It may be older than the client, or a proxy on the way lets no connection change its protocol.")
            .into());
    };
    let command = (!args.command.is_empty()).then(|| args.command.join(" "));
    attend(session, command, of_user().filter(|_| !args.no_tty), &context.ui).await
}

/// The process that is meant. The newest of several, as `ps` has them first.
fn choose<'a>(pods: &'a [Pod], wanted: Option<&str>, apps: &AppSession) -> Result<&'a Pod> {
    let of_type = |name: &str| pods.iter().find(|pod| pod.process_type == name);
    let is_named =
        |pod: &&Pod, name: &str| pod.name.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('-'));
    let found = match wanted {
        Some(name) => of_type(name).or_else(|| pods.iter().find(|pod| is_named(pod, name))),
        None => of_type("web").or_else(|| of_type("cmd")).or_else(|| pods.first()),
    };
    let what = wanted.map_or_else(|| "process".to_owned(), |name| format!("process {name}"));
    let hint = "`ps` lists the processes; a command stands behind --.";
    Ok(found.ok_or_else(|| Failure::new(format!("There is no {what} in app {}.", apps.app)).hint(hint))?)
}
