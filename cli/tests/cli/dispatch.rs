//! Which words lead to which command: help, shortcuts, topics, plugins, and the program's own name.

use std::{fs, os::unix::fs::PermissionsExt};

use insta::assert_snapshot;
use serde_json::json;

use crate::harness::{World, app, page};

#[tokio::test]
async fn no_command() {
    let world = World::new().await;
    assert_snapshot!(world.run(""), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Usage: mycli <command> [<args>...]
      `mycli help` lists the commands.
    ");
}

#[tokio::test]
#[allow(clippy::too_many_lines, reason = "the page is that long")]
async fn the_overview() {
    let shown = World::new().await.run("help");
    let (topics, _) = shown.split_once("\n\nShortcut").unwrap();
    assert_snapshot!(topics, @r"
    exit: 0
    ----- stdout -----
    The mycli command-line client issues API calls to a controller.

    Usage: mycli <command> [<args>...]

    Options:
      -h, --help             display this text
      -v, --version          display the client's version
      -c, --config=CFG       settings file or profile; the variable MYCLI_PROFILE does the same

    Auth commands, use 'mycli help auth' to learn more:
      register               registers a new user with a controller
      login                  logs in by authenticating against a controller
      logout                 logs out from a controller and clears the user session

    Subcommands, use 'mycli help [subcommand]' to learn more:
      apps                   manage applications used to provide services
      audit                  see who did what
      auth                   register, log in and manage accounts
      autoscale              manage autoscale rules of an application
      builds                 manage builds created from commits and images
      certs                  manage certificates of domains
      config                 manage environment variables that define app config
      domains                manage and assign domain names to your applications
      drains                 manage where the log of an application is sent on to
      git                    manage git remotes of applications
      healthchecks           manage healthchecks for applications
      keys                   manage ssh keys used for `git push` deployments
      labels                 manage labels of applications
      limits                 manage resource limits for your application
      maintenance            manage maintenance mode of an application
      perms                  manage permissions for applications
      profiles               manage platforms that you are logged in to
      ps                     manage processes inside an app container
      registry               manage private registry information for your application
      releases               manage releases of an application
      routing                manage routability of an application
      runs                   manage one-off runs that are under way
      services               manage the process types that answer some paths
      shortcuts              show the short forms of commands
      tags                   manage tags for application containers
      timeouts               manage the time that processes get to stop
      tls                    manage TLS settings for applications
      tokens                 manage tokens that programs call the platform with
      users                  manage users
      whitelist              manage whitelisted addresses of an application
    ");
}

#[tokio::test]
async fn the_end_of_the_overview() {
    let world = World::new().await;
    let shown = world.run("help");
    let (_, rest) = shown.split_once("\n\nShortcut").unwrap();
    assert_snapshot!(rest, @r"
     commands, use 'mycli shortcuts' to see all:
      create                 creates a new application
      destroy                destroys an application
      info                   prints info about the current application
      logs                   retrieves the most recent log events of an application, or all that are to come
      open                   opens a URL to the application in the default browser
      pull                   creates a new build of an application from an image
      run                    runs a command inside a container of its own with the application's image and config
      scale                  scales an application's processes by type

    Commands about this program:
      completion             prints the script that completes this program's commands in a shell
      doctor                 checks settings, controller, git, SSH and the application, and says what to do about what is wrong
      version                displays the client version

    Use 'git push mycli main' to deploy a commit to an application, 'mycli pull <image>' an image.

    Exit codes:
      0    done, or left as it was because you said no
      1    not done; standard error says why
      130  interrupted (Ctrl-C); what the controller was asked for may go on
      141  nobody reads the output any more
      'mycli run' and 'ps:exec' end with the exit code of their command.
    ----- stderr -----
    ");
}

#[tokio::test]
async fn the_overview_is_asked_for_in_three_ways() {
    let world = World::new().await;
    assert_eq!(world.run("help"), world.run("--help"));
    assert_eq!(world.run("help"), world.run("-h"));
}

#[tokio::test]
async fn the_help_of_topics() {
    let world = World::new().await;
    assert_snapshot!(world.run("help ps"), @r"
    exit: 0
    ----- stdout -----
    Valid commands for processes:

      ps:list                lists processes servicing an application
      ps:scale               scales an application's processes by type
      ps:restart             restarts an application, a process type or a specific process
      ps:exec                executes a command in a running process, or opens a shell there
    ----- stderr -----
    ");
    assert_snapshot!(world.run("auth"), @r"
    exit: 0
    ----- stdout -----
    Valid commands for auth:

      auth:register          registers a new user with a controller
      auth:login             logs in by authenticating against a controller
      auth:logout            logs out from a controller and clears the user session
      auth:passwd            changes the password for the current user
      auth:whoami            displays the currently logged in user
      auth:cancel            cancels and removes a user account
      auth:regenerate        regenerates the auth token, defaults to the current user
    ----- stderr -----
    ");
    assert_eq!(world.run("help config"), world.run("config --help"));
}

#[tokio::test]
async fn the_help_of_verbs() {
    let world = World::new().await;
    assert_snapshot!(world.run("help config:set"), @r"
    exit: 0
    ----- stdout -----
    Sets environment variables for an application.

    The change makes a new release, and the processes are replaced one after the other by ones that see
    it. What stands on the command line stands in the shell's history, too, and in the list of
    processes, where every user of this machine reads it: take secrets from standard input or from a
    file.

    Usage: mycli config:set [OPTIONS] [KEY=VALUE]...

    Arguments:
      [KEY=VALUE]...  The variables; `KEY=-` takes the value from standard input

    Options:
      -c, --config <CFG>  Settings file or profile [default: that of `profiles:use`, else `client`]
          --file <FILE>   Set what the lines KEY=value of a file say; `-` is standard input
      -a, --app <APP>     The application [default: from the git remotes, else the folder's name]
      -h, --help          Print help

    Examples:
      mycli config:set POWERED_BY=Slipway -a blog
      mycli config:set MODE=test DEBUG=1 -a blog        one release for both
      mycli config:set TLS_KEY=- -a blog < server.key   all of the file but its last line end
      mycli config:set TOKEN=- -a blog                  asks for it, and does not show it
      mycli config:set --file production.env -a blog    lines KEY=value
    ----- stderr -----
    ");
    assert_eq!(world.run("help config:set"), world.run("config:set --help"));
    assert_eq!(world.run("help config:set"), world.run("config:set -h"));
    assert_eq!(world.run("help scale"), world.run("ps:scale --help"));
}

#[tokio::test]
async fn the_first_sentences_that_tests_look_for() {
    let world = World::new().await;
    for (verb, sentence) in [
        ("config:list", "Lists environment variables for an application."),
        ("config:set", "Sets environment variables for an application."),
        ("config:unset", "Unsets an environment variable for an application."),
        ("config:pull", "Extract all environment variables from an application for local use."),
        ("config:push", "Sets environment variables for an application."),
        ("healthchecks:list", "Lists healthchecks for an application."),
        ("healthchecks:set", "Sets healthchecks for an application."),
        ("healthchecks:unset", "Unsets healthchecks for an application."),
        ("labels:list", "Prints a list of labels of the application."),
        ("labels:set", "Sets labels for an application."),
        ("labels:unset", "Unsets labels for an application."),
        ("registry:list", "Lists registry information for an application."),
        ("registry:set", "Sets registry information for an application."),
        ("registry:unset", "Unsets registry information for an application."),
        ("routing:info", "Prints info about the current application's routability."),
        ("routing:enable", "Enables routability for an app."),
        ("routing:disable", "Disables routability for an app."),
        ("tags:list", "Lists tags for an application."),
        ("tags:set", "Sets tags for an application."),
        ("tags:unset", "Unsets tags for an application."),
    ] {
        let help = world.run(&format!("{verb} --help"));
        assert!(help.starts_with("exit: 0") && help.contains(sentence), "{verb}: {help}");
    }
}

#[tokio::test]
async fn shortcuts() {
    let world = World::new().await;
    assert_snapshot!(world.run("shortcuts"), @r"
    exit: 0
    ----- stdout -----
    create -> apps:create
    destroy -> apps:destroy
    info -> apps:info
    login -> auth:login
    logout -> auth:logout
    logs -> apps:logs
    open -> apps:open
    passwd -> auth:passwd
    pull -> builds:create
    register -> auth:register
    rollback -> releases:rollback
    run -> apps:run
    scale -> ps:scale
    sharing -> perms:list
    sharing:add -> perms:create
    sharing:list -> perms:list
    sharing:remove -> perms:delete
    whoami -> auth:whoami

    ----- stderr -----
    ");
}

#[tokio::test]
async fn a_typo_gets_a_suggestion() {
    let world = World::new().await;
    assert_snapshot!(world.run("confg:set A=1"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Found no matching command, try 'mycli help'
    Usage: mycli <command> [<args>...]
      Did you mean `mycli config:set`?
    ");
    assert_snapshot!(world.run("apps:crate"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Found no matching command, try 'mycli help'
    Usage: mycli <command> [<args>...]
      Did you mean `mycli apps:create`?
    ");
    assert_snapshot!(world.run("zzz --all"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Found no matching command, try 'mycli help'
    Usage: mycli <command> [<args>...]
    ");
    assert_snapshot!(world.run("help zzz"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Found no matching command, try 'mycli help'
    Usage: mycli <command> [<args>...]
    ");
}

#[tokio::test]
async fn wrong_usage() {
    let world = World::new().await;
    assert_snapshot!(world.run("config:set"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    error: the following required arguments were not provided:
      <KEY=VALUE>...

    Usage: mycli config:set <KEY=VALUE>...

    For more information, try '--help'.
    ");
    assert_snapshot!(world.run("apps --limit many"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    error: invalid value 'many' for '--limit <NUM>': invalid digit found in string

    For more information, try '--help'.
    ");
}

#[tokio::test]
async fn plugins_take_over() {
    let world = World::new().await;
    let plugin = world.home.path().join("mycli-sky");
    fs::write(&plugin, "#!/bin/sh\necho \"sky: $*\"\nexit 7\n").unwrap();
    fs::set_permissions(&plugin, PermissionsExt::from_mode(0o755)).unwrap();
    assert_snapshot!(world.run("sky:show --blue -a x"), @r"
    exit: 7
    ----- stdout -----
    sky: show --blue -a x
    ----- stderr -----
    ");
    assert_snapshot!(world.run("-c prod sky --help"), @r"
    exit: 7
    ----- stdout -----
    sky: --help
    ----- stderr -----
    ");
}

#[tokio::test]
async fn everything_follows_the_executable() {
    let world = World::under_name("deis").await;
    world.answers("GET", "/v2/apps", 200, page(&[app("blog")])).await;
    assert_snapshot!(world.run("apps"), @r"
    exit: 0
    ----- stdout -----
    === Apps
    blog
    ----- stderr -----
    ");
    assert_snapshot!(world.run("help apps:create"), @r"
    exit: 0
    ----- stdout -----
    Creates a new application.

    Without a name one is made up. In a git repository a remote is added that the application can be
    pushed to.

    Usage: deis apps:create [OPTIONS] [ID]

    Arguments:
      [ID]  Name of the application

    Options:
      -c, --config <CFG>           Settings file or profile [default: that of `profiles:use`, else
                                   `client`]
          --no-remote              Do not add a git remote
      -b, --buildpack <BUILDPACK>  URL of the buildpack that builds it
      -h, --help                   Print help
      -r, --remote <REMOTE>        Name of the git remote [default: the name of this program]

    Examples:
      deis create                    make up a name, add a git remote
      deis create blog --no-remote   the application is deployed with `deis pull`
    ----- stderr -----
    ");
    let output = world.command().arg("apps").env("DEIS_PROFILE", "other").output().unwrap();
    assert_snapshot!(world.shown(&output), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: Client configuration file not found at: $HOME/.deis/other.json
    Are you logged in? Use 'deis login' or 'deis register' to get started.
    ");
    world.server.reset().await;
    world.answers("POST", "/v2/apps", 400, json!({"id": ["deis is a reserved name."]})).await;
    assert_snapshot!(world.run("create deis"), @r#"
    exit: 1
    ----- stdout -----
    Creating Application... ⏎
    ----- stderr -----
    Error: Unknown Error (400): {"id":["deis is a reserved name."]}
    "#);
}

#[tokio::test]
async fn profiles_and_settings_files() {
    let world = World::logged_in().await;
    world.answers("GET", "/v2/apps", 200, page(&[app("blog")])).await;
    fs::rename(world.settings(), world.home.path().join("elsewhere.json")).unwrap();
    assert_snapshot!(world.run("-c ./elsewhere.json apps"), @r"
    exit: 0
    ----- stdout -----
    === Apps
    blog
    ----- stderr -----
    ");
    assert_snapshot!(world.run("apps -c prod"), @r"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: Client configuration file not found at: $HOME/.mycli/prod.json
    Are you logged in? Use 'mycli login' or 'mycli register' to get started.
    ");
    assert_snapshot!(world.run("apps --config=../prod"), @r#"
    exit: 1
    ----- stdout -----
    ----- stderr -----
    Error: "../prod" is neither a profile nor a settings file
      A settings file is a path that ends in .json; a profile is a name without slashes.
    "#);
}
