//! Certificates of users, their keys sealed.

use std::collections::HashMap;

use api::{
    names::{CertName, DomainName},
    routes::{HostCertificate, KeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use uuid::Uuid;

use super::OnConstraint;
use crate::{
    certificate::Pair,
    error::Error,
    vault::{Place, Vault},
};

/// A certificate, without its key.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// Joins; shown too.
    pub id: i64,
    /// What its owner calls it.
    pub name: String,
    /// Its owner.
    pub owner: String,
    /// See [`crate::certificate::Facts`], as all of these.
    pub common_name: Option<String>,
    /// Subject alternative names.
    pub san: Vec<String>,
    /// SHA-256.
    pub fingerprint: String,
    /// Who signed it.
    pub issuer: String,
    /// Whom it is for.
    pub subject: String,
    /// First moment of its life.
    pub starts_at: DateTime<Utc>,
    /// Last moment of its life.
    pub expires_at: DateTime<Utc>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// Domains it is attached to, sorted.
    pub domains: Vec<String>,
}

/// A domain that a certificate is attached to.
#[derive(Clone, Debug)]
pub struct Attachment {
    /// The certificate's name.
    pub certificate: String,
    /// The domain.
    pub domain: String,
    /// The domain's app, by its row.
    pub app_id: i64,
    /// The same by its uuid.
    pub app_uuid: Uuid,
}

/// Gives the certificate to the user, its key sealed. Answers the row's id.
pub async fn insert(
    executor: impl PgExecutor<'_>,
    vault: &Vault,
    user_id: i64,
    name: &CertName,
    pair: &Pair,
) -> Result<i64, Error> {
    let uuid = Uuid::now_v7();
    let sealed = vault.seal(place(uuid), &pair.key)?;
    let facts = &pair.facts;
    sqlx::query_scalar!(
        "insert into certificates (uuid, user_id, name, chain, sealed_key, common_name, san, fingerprint, issuer,
            subject, starts_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) returning id",
        uuid,
        user_id,
        name.as_str(),
        &pair.chain,
        sealed,
        facts.common_name,
        &facts.san,
        facts.fingerprint,
        facts.issuer,
        facts.subject,
        facts.starts,
        facts.expires
    )
    .fetch_one(executor)
    .await
    .on_constraint("certificates_name_key", || Error::field("name", "certificate with this name already exists."))
}

/// The user's certificates, by name.
pub async fn list(
    executor: impl PgExecutor<'_>,
    user_id: i64,
    limit: i64,
    offset: i64,
) -> Result<Vec<Certificate>, sqlx::Error> {
    sqlx::query_as!(
        Certificate,
        r#"select c.id, c.name, u.username as owner, c.common_name, c.san, c.fingerprint, c.issuer, c.subject,
            c.starts_at, c.expires_at, c.created_at,
            array(select d.domain from domains d where d.certificate_id = c.id order by d.domain) as "domains!"
         from certificates c join users u on u.id = c.user_id
         where c.user_id = $1 order by c.name collate "C" limit $2 offset $3"#,
        user_id,
        limit,
        offset
    )
    .fetch_all(executor)
    .await
}

/// How many certificates the user has.
pub async fn count(executor: impl PgExecutor<'_>, user_id: i64) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"select count(*) as "count!" from certificates where user_id = $1"#, user_id)
        .fetch_one(executor)
        .await
}

/// The user's certificate of that name.
pub async fn find(
    executor: impl PgExecutor<'_>,
    user_id: i64,
    name: &CertName,
) -> Result<Option<Certificate>, sqlx::Error> {
    sqlx::query_as!(
        Certificate,
        r#"select c.id, c.name, u.username as owner, c.common_name, c.san, c.fingerprint, c.issuer, c.subject,
            c.starts_at, c.expires_at, c.created_at,
            array(select d.domain from domains d where d.certificate_id = c.id order by d.domain) as "domains!"
         from certificates c join users u on u.id = c.user_id where c.user_id = $1 and c.name = $2"#,
        user_id,
        name.as_str()
    )
    .fetch_optional(executor)
    .await
}

/// Deletes the certificate, which leaves the domains it was attached to without one. False when it is gone already.
pub async fn delete(executor: impl PgExecutor<'_>, id: i64) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!("delete from certificates where id = $1", id).execute(executor).await?;
    Ok(done.rows_affected() == 1)
}

/// The domains that certificates of the user are attached to: those of the one with `id`, or of all.
pub async fn attachments(
    executor: impl PgExecutor<'_>,
    user_id: i64,
    id: Option<i64>,
) -> Result<Vec<Attachment>, sqlx::Error> {
    sqlx::query_as!(
        Attachment,
        r#"select c.name as certificate, d.domain, a.id as app_id, a.uuid as app_uuid
         from certificates c join domains d on d.certificate_id = c.id join apps a on a.id = d.app_id
         where c.user_id = $1 and ($2::bigint is null or c.id = $2) order by d.domain"#,
        user_id,
        id
    )
    .fetch_all(executor)
    .await
}

/// Attaches the certificate to the app's domain. False when the domain has one already, or is not the app's any more.
pub async fn attach(executor: impl PgExecutor<'_>, id: i64, app_id: i64, domain: &DomainName) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update domains set certificate_id = $1 where domain = $3 and app_id = $2 and certificate_id is null",
        id,
        app_id,
        domain.as_str()
    )
    .execute(executor)
    .await
    .on_constraint("domains_certificate_id_fkey", || Error::Missing("Certificate"))?;
    Ok(done.rows_affected() == 1)
}

/// Detaches the certificate from the domain. None when it is not attached to it.
pub async fn detach(
    executor: impl PgExecutor<'_>,
    id: i64,
    domain: &DomainName,
) -> Result<Option<Attachment>, sqlx::Error> {
    sqlx::query_as!(
        Attachment,
        r#"update domains d set certificate_id = null from certificates c, apps a
         where d.certificate_id = $1 and d.domain = $2 and c.id = d.certificate_id and a.id = d.app_id
         returning c.name as certificate, d.domain, a.id as app_id, a.uuid as app_uuid"#,
        id,
        domain.as_str()
    )
    .fetch_optional(executor)
    .await
}

/// What the app's hosts are served with, without the keys; a single label is a name under `platform_domain`.
pub async fn serving(
    executor: impl PgExecutor<'_>,
    app_id: i64,
    platform_domain: &str,
) -> Result<Vec<HostCertificate>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select c.uuid, array_agg(d.domain order by d.domain) as "domains!"
         from domains d join certificates c on c.id = d.certificate_id where d.app_id = $1 group by c.id order by c.id"#,
        app_id
    )
    .fetch_all(executor)
    .await?;
    let host = |domain: &String| Ok(DomainName::parse(domain).map_err(super::decode)?.host(platform_domain));
    let served = |hosts, certificate| HostCertificate { certificate, hosts, pair: None };
    rows.into_iter()
        .map(|row| Ok(served(row.domains.iter().map(host).collect::<Result<_, sqlx::Error>>()?, row.uuid)))
        .collect()
}

/// The certificates with their keys, for routers. One whose key does not open is left out.
pub async fn pairs(
    executor: impl PgExecutor<'_>,
    vault: &Vault,
    uuids: &[Uuid],
) -> Result<HashMap<Uuid, KeyPair>, sqlx::Error> {
    let rows = sqlx::query!("select uuid, chain, sealed_key from certificates where uuid = any($1)", uuids)
        .fetch_all(executor)
        .await?;
    let opened = rows.into_iter().filter_map(|row| {
        let key = vault.open(place(row.uuid), &row.sealed_key);
        let key =
            key.inspect_err(|error| tracing::error!(%error, id = %row.uuid, "a certificate cannot be served")).ok()?;
        let chain = row.chain.iter().map(|der| STANDARD.encode(der)).collect();
        Some((row.uuid, KeyPair { chain, key: STANDARD.encode(key) }))
    });
    Ok(opened.collect())
}

/// Certificates are no app's: their rows' uuids alone say where a sealed key belongs.
fn place(uuid: Uuid) -> Place {
    Place { app: Uuid::nil(), row: uuid }
}
