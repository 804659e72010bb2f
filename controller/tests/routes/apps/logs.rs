//! `/v2/apps/{id}/logs`, followed and chosen from

use std::time::Duration;

use api::types::LogBatch;
use axum::http::StatusCode;
use controller::platform::memory::Script;
use insta::assert_snapshot;
use serde_json::json;
use sqlx::PgPool;

use crate::harness::{Client, Installation};

const LOGS: &str = "/v2/apps/blog/logs";

/// An app `blog` of two types, each instance of which says something.
async fn blog(pool: PgPool) -> (Installation, Client) {
    let (installation, admin) = Installation::with_admin(pool).await;
    for release in ["first", "second"] {
        let says = Script { prints: vec![format!("hello from the {release}")], ..Script::serves(5000) };
        installation.platform.image(&format!("{release}:latest"), says);
    }
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    deploy(&admin, "first").await;
    admin.post("/v2/apps/blog/scale", json!({"worker": 1})).await.expect(StatusCode::NO_CONTENT);
    (installation, admin)
}

async fn deploy(admin: &Client, image: &str) {
    let build = json!({"image": image, "procfile": {"web": "serve", "worker": "work"}});
    admin.post("/v2/apps/blog/builds", build).await.expect(StatusCode::CREATED);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_follower_lives_through_a_deploy(pool: PgPool) {
    let (_installation, admin) = blog(pool).await;
    let mut log = admin.follow(&format!("{LOGS}?follow=true&log_lines=1000")).await;
    log.until("blog[worker.v2.").await;
    deploy(&admin, "second").await;
    admin.post("/v2/apps/blog/domains", json!({"domain": "www.example.com"})).await.expect(StatusCode::CREATED);
    log.until("INFO domain www.example.com added\n").await;
    log.until("blog[worker.v3.").await;
    let all = log.until("blog[web.v3.").await;
    let said = |what: &str| all.lines().filter(|line| line.contains(what)).count();
    assert_eq!((said("hello from the first"), said("INFO admin deployed first")), (2, 1), "each once: {all}");
}

#[sqlx::test(migrations = "../migrations")]
async fn programs_choose_and_go_on_where_they_were(pool: PgPool) {
    let (_installation, admin) = blog(pool).await;
    let program = admin.with_header("Accept", "application/x-ndjson");
    let batch = |text: &str| -> LogBatch { serde_json::from_str(text.lines().next().unwrap()).unwrap() };
    let mut workers = program.follow(&format!("{LOGS}?follow=true&type=worker")).await;
    let first = batch(workers.until("worker.v2").await);
    assert!(first.lines.iter().all(|line| line.process_type.as_deref() == Some("worker")), "{first:?}");
    let name = batch(&program.get(&format!("{LOGS}?type=web")).await.body).lines[0].instance.clone().unwrap();
    let short = name.rsplit('-').next().unwrap();
    let one = batch(&program.get(&format!("{LOGS}?instance={short}")).await.body);
    assert_eq!(one.lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["hello from the first"]);
    let later = batch(&program.get(&format!("{LOGS}?since=2999-01-01T00:00:00Z")).await.body);
    assert_eq!(later.lines, []);
    admin.post("/v2/apps/blog/domains", json!({"domain": "www.example.com"})).await.expect(StatusCode::CREATED);
    let mut rest = program.follow(&format!("{LOGS}?follow=true&after={}", later.cursor)).await;
    let rest = batch(rest.until("\n").await);
    let texts: Vec<_> = rest.lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["domain www.example.com added"], "nothing from before");
}

#[sqlx::test(migrations = "../migrations")]
async fn bad_wishes_are_told(pool: PgPool) {
    let (_installation, admin) = blog(pool).await;
    for (query, answer) in [
        ("type=Web", r#"400 {"type":["Process types can only contain lowercase alphanumeric characters"]}"#),
        ("since=yesterday", r#"400 {"since":["It is no time in the form of RFC 3339: 2024-05-01T10:00:00Z."]}"#),
        ("after=x", r#"400 {"after":["It is no cursor of ours."]}"#),
    ] {
        assert_eq!(admin.get(&format!("{LOGS}?{query}")).await.to_string(), answer);
    }
    assert_snapshot!(admin.get(&format!("{LOGS}?type=clock")).await, @"204");
}

#[sqlx::test(migrations = "../migrations")]
async fn whoever_may_no_longer_read_reads_no_more(pool: PgPool) {
    let (installation, admin) = blog(pool).await;
    let ana = installation.user(&admin, "ana").await;
    admin.post("/v2/apps/blog/perms", json!({"username": "ana"})).await.expect(StatusCode::CREATED);
    // Whether there is nothing to tell or always something.
    let silent = ana.follow(&format!("{LOGS}?follow=true&type=nosuch")).await;
    let talks = Script { talks: Some(Duration::from_millis(20)), ..Script::serves(5000) };
    installation.platform.image("second:latest", talks);
    deploy(&admin, "second").await;
    let mut busy = ana.follow(&format!("{LOGS}?follow=true")).await;
    busy.until("]: line ").await;
    admin.delete("/v2/apps/blog/perms/ana").await.expect(StatusCode::NO_CONTENT);
    assert_eq!(silent.end().await, "");
    busy.end().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_token_that_is_good_no_more_reads_no_more(pool: PgPool) {
    let (installation, admin) = blog(pool).await;
    let talks = Script { talks: Some(Duration::from_millis(20)), ..Script::serves(5000) };
    installation.platform.image("second:latest", talks);
    deploy(&admin, "second").await;
    let mut readers = Vec::new();
    for name in ["revoked", "expired"] {
        let wanted = json!({"name": name, "scopes": ["read"]});
        let made = admin.post("/v2/auth/api-tokens", wanted).await.expect(StatusCode::CREATED);
        let program = admin.with_token(made.json()["token"].as_str().unwrap());
        readers.push(program.follow(&format!("{LOGS}?follow=true")).await);
    }
    let mut logged_out = installation.anybody();
    logged_out.login("admin").await;
    readers.push(logged_out.follow(&format!("{LOGS}?follow=true")).await);
    for reader in &mut readers {
        reader.until("]: line ").await;
    }
    admin.delete("/v2/auth/api-tokens/revoked").await.expect(StatusCode::NO_CONTENT);
    sqlx::query("update tokens set expires_at = now() where name = 'expired'")
        .execute(&installation.pool)
        .await
        .unwrap();
    admin.post("/v2/auth/tokens/", json!({})).await.expect(StatusCode::OK);
    for reader in readers {
        reader.end().await;
    }
}
