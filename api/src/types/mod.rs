//! What is sent and answered, one file per resource (Deis API 2.3, reference part 2.2).
//!
//! Answers can be read as well as written, because the client reads them; fields that only newer controllers send
//! have defaults, so that a client of ours works against an original one.

mod app;
mod audit;
mod build;
mod certificate;
mod config;
mod domain;
mod drain;
mod hook;
mod info;
mod key;
mod log;
mod page;
mod perms;
mod pod;
mod probe;
mod release;
mod run;
mod service;
mod session;
mod settings;
mod token;
mod user;
mod whitelist;

pub use app::{App, CreateApp, UpdateApp};
pub use audit::AuditEntry;
pub use build::{Build, CreateBuild};
pub use certificate::{AttachCertificate, Certificate, CreateCertificate};
pub use config::{Config, ConfigPatch, Patch};
pub use domain::{CreateDomain, Domain};
pub use drain::{CreateDrain, Drain};
pub use hook::{HookBuild, HookBuilt, HookKey, HookPush, HookRelease, HookUser};
pub use info::{Info, SshAddress};
pub use key::{CreateKey, Key};
pub use log::{LogBatch, LogLine};
pub use page::Page;
pub use perms::{AppPerms, Grant};
pub use pod::{Pod, PodList};
pub use probe::{ExecAction, Healthcheck, HttpGetAction, HttpHeader, Probe, TcpSocketAction};
pub use release::{Release, Rollback, RolledBack};
pub use run::{Run, RunEvent, RunList, RunResult, RunView, StartRun};
pub use service::{RemoveService, Service, Services, SetService};
pub use session::{
    Channel, SESSION_PIECE, SESSION_PING_SECS, SESSION_PROTOCOL, SESSION_SILENCE_SECS, SESSION_WINDOW, SessionEvent,
    SessionRequest, SessionSignal, Size, Terminal,
};
pub use settings::{AutoscaleRule, Settings, Tls, UpdateSettings, UpdateTls};
pub use token::{ApiToken, CreateApiToken, NewApiToken};
pub use user::{
    AdminUser, CancelAccount, ChangePassword, Credentials, PasswordChanged, RegenerateToken, Regenerated, Register,
    Token, User,
};
pub use whitelist::{ChangeWhitelist, Whitelist};
