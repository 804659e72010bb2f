//! What every platform must do, run unchanged against each of them.
//!
//! A case is a function over a [`bench::Bench`]: one app of its own on some platform. The Docker half needs a Docker
//! Engine and fails without one, unless `SLIPWAY_TEST_SKIP_DOCKER=1` says that it is not wanted.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "all of this is test, helpers included"
)]

mod bench;
mod cases;
mod docker;
mod memory;

/// Makes of every case one test per platform.
macro_rules! suite {
    ($($module:ident: $($case:ident),+;)+) => {
        mod on_memory {
            $(mod $module {
                $(#[tokio::test]
                async fn $case() {
                    crate::cases::$module::$case(&crate::memory::bench()).await;
                })+
            })+
        }
        mod on_docker {
            $(mod $module {
                $(#[tokio::test]
                async fn $case() {
                    let Some(bench) = crate::docker::bench().await else { return };
                    crate::cases::$module::$case(&bench).await;
                })+
            })+
        }
    };
}

suite! {
    start: observes_what_it_started, is_found_by_its_name, starts_once, adopts_nothing_foreign, an_unknown_command_ends_it,
        needs_a_network, needs_the_image;
    end: stops_on_sigterm, kills_what_ignores_sigterm, restarts_what_ends, ends_what_waits_for_its_restart,
        tells_who_ran_out_of_memory, removes_what_has_ended_only, leaves_strangers_alone;
    health: a_listening_port_is_ready, a_silent_port_is_not, without_a_port_it_must_settle, http_probes, exec_probes,
        readiness_comes_and_goes, liveness_failures_stay, delays_are_waited_for;
    survey: tells_that_something_changed_and_of_whom;
    network: is_ensured_once, is_removed, addresses_are_nobody_elses, another_is_no_hindrance_and_can_be_removed;
    image: tells_the_exposed_ports, an_unknown_image_is_refused, forgetting_keeps_what_runs,
        lists_what_it_keeps_for_an_app;
    logs: follows_to_the_end, resumes_without_loss, goes_on_after_a_restart, tails_what_has_ended, knows_no_strangers;
    usage: tells_who_works;
    run: streams_output_and_code, is_observed, an_unknown_command_ends_it;
    session: a_run_reads_its_input_to_the_end, a_command_reads_its_input_to_the_end, a_run_has_a_terminal_of_a_size,
        a_command_has_a_terminal_of_a_size, a_run_is_sent_signals, a_command_is_sent_signals,
        a_command_ends_with_its_instance, only_what_runs_can_be_executed_in,
        a_detached_run_goes_on_and_tells_its_code;
    build: makes_an_image, says_why_there_is_none, its_log_is_read_from_any_offset_it_named, is_cancelled,
        is_forgotten;
    changes: tells_when_something_happens, answers_pings;
}
