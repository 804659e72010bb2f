//! What is told to the platform in confidence is found neither in its database nor in its logs.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use axum::http::StatusCode;
use controller::platform::memory::Script;
use rcgen::{CertificateParams, KeyPair, PKCS_ED25519};
use serde_json::json;
use sqlx::{AssertSqlSafe, PgPool};
use tracing_subscriber::fmt::MakeWriter;

use crate::harness::{Installation, PASSWORD};

/// Everything that was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// Every row of every table, as text.
async fn dump(pool: &PgPool) -> Vec<String> {
    let tables: Vec<String> = sqlx::query_scalar("select tablename::text from pg_tables where schemaname = 'public'")
        .fetch_all(pool)
        .await
        .unwrap();
    let mut rows = Vec::new();
    for table in tables {
        let query = format!("select t::text from {table} t");
        rows.extend(sqlx::query_scalar::<_, String>(AssertSqlSafe(query)).fetch_all(pool).await.unwrap());
    }
    rows
}

#[sqlx::test(migrations = "../migrations")]
async fn secrets_are_kept(pool: PgPool) {
    let log = Log::default();
    // For the whole process: what other tests log at the same time must hold no secrets either.
    tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).init();
    let (installation, admin) = Installation::with_admin(pool).await;
    installation.platform.image("example:latest", Script::serves(5000));
    let answer = admin.try_login("admin", PASSWORD).await.expect(StatusCode::OK).json();
    let token = answer["token"].as_str().unwrap();
    let admin = admin.with_token(token).with_key("hush-hush-key1");
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    let config = json!({
        "values": {"SECRET": "hush-hush-value", "PORT": 5000},
        "registry": {"username": "hush-hush-user", "password": "hush-hush-login"},
    });
    admin.post("/v2/apps/blog/config", config).await.expect(StatusCode::CREATED);
    admin.with_key("hush-hush-key2").post("/v2/apps/blog/builds", json!({"image": "example"})).await;
    let form = json!({"username": "admin", "new_password": "hush-hush-password"});
    admin.with_key("hush-hush-key3").post("/v2/auth/passwd", form).await.expect(StatusCode::OK);
    let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let certificate = CertificateParams::new(["www.example.com".to_owned()]).unwrap().self_signed(&key).unwrap();
    let form = json!({"name": "web", "certificate": certificate.pem(), "key": key.serialize_pem()});
    admin.with_key("hush-hush-key4").post("/v2/certs", form).await.expect(StatusCode::CREATED);
    let domain = json!({"domain": "www.example.com"});
    admin.with_key("hush-hush-key5").post("/v2/apps/blog/domains", domain.clone()).await.expect(StatusCode::CREATED);
    admin.with_key("hush-hush-key6").post("/v2/certs/web/domain/", domain).await.expect(StatusCode::CREATED);
    // In PEM, and in the form in which the database shows bytes.
    let (pem, bytes) = (key.serialize_pem(), hex::encode(key.serialize_der()));
    let pem = pem.lines().nth(1).unwrap();

    let (log, rows) = (log.text(), dump(&installation.pool).await);
    assert!(log.contains("/v2/apps/blog/config") && rows.len() > 20, "{} rows, log: {log}", rows.len());
    for secret in [PASSWORD, "hush-hush", token, &token["sw_".len()..], pem, &bytes] {
        assert!(!log.contains(secret), "the log holds {secret}");
        assert!(!rows.iter().any(|row| row.contains(secret)), "the database holds {secret}");
    }
}
