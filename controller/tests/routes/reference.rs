//! `/v2/openapi.json`, and the page that is made of it.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use insta::assert_snapshot;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::{every_route, harness::Installation};

/// Every value that stands under `key`, anywhere.
fn all<'a>(value: &'a Value, key: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| all(item, key, found)),
        Value::Object(fields) => {
            for (name, value) in fields {
                if name == key {
                    found.push(value);
                }
                all(value, key, found);
            }
        }
        _ => {}
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn the_document_is_whole(pool: PgPool) {
    let installation = Installation::fresh(pool).await;
    let answer = installation.anybody().get("/v2/openapi.json").await.expect(StatusCode::OK);
    assert_eq!(answer.header("content-type"), "application/json");
    let document = answer.json();
    assert_eq!(document["openapi"], "3.1.0");
    let mut references = Vec::new();
    all(&document, "$ref", &mut references);
    assert!(references.len() > 100);
    for reference in references {
        let path = reference.as_str().unwrap().trim_start_matches('#');
        assert!(document.pointer(path).is_some(), "{path} leads nowhere");
    }
    let mut ids = BTreeSet::new();
    for (pattern, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let what = format!("{method} {pattern}");
            assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{what}: its id is that of another");
            let said = |name: &str| operation[name].as_str().is_some_and(|text| !text.is_empty());
            assert!(said("summary"), "{what} says nothing");
            let statuses: Vec<_> = operation["responses"].as_object().unwrap().keys().collect();
            assert!(statuses.iter().any(|status| status.starts_with(['1', '2'])), "{what} never succeeds");
            assert!(!statuses.iter().any(|status| *status == "500"), "{what} announces a fault");
            let named: Vec<_> =
                pattern.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
            let parameters = operation["parameters"].as_array().unwrap().iter();
            let told: Vec<_> =
                parameters.filter(|one| one["in"] == "path").map(|one| one["name"].as_str().unwrap()).collect();
            assert_eq!(named, told, "{what}");
            let mut descriptions = Vec::new();
            all(operation, "description", &mut descriptions);
            assert!(descriptions.iter().all(|text| text.as_str() != Some("")), "{what} has an empty description");
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn an_operation_tells_all_of_itself(pool: PgPool) {
    let installation = Installation::fresh(pool).await;
    let document = installation.anybody().get("/v2/openapi.json").await.json();
    let text = |pointer: &str| serde_json::to_string_pretty(document.pointer(pointer).unwrap()).unwrap();
    assert_snapshot!(text("/paths/~1v2~1auth~1whoami/get"), @r##"
    {
      "operationId": "get-auth-whoami",
      "parameters": [],
      "responses": {
        "200": {
          "content": {
            "application/json": {
              "schema": {
                "$ref": "#/components/schemas/User"
              }
            }
          },
          "description": "Done."
        },
        "401": {
          "content": {
            "application/json": {
              "schema": {
                "$ref": "#/components/schemas/ErrorBody"
              }
            }
          },
          "description": "No token, or one that is good no more."
        },
        "403": {
          "content": {
            "application/json": {
              "schema": {
                "$ref": "#/components/schemas/ErrorBody"
              }
            }
          },
          "description": "Not with this token, or not this user."
        },
        "503": {
          "content": {
            "application/json": {
              "schema": {
                "$ref": "#/components/schemas/ErrorBody"
              }
            }
          },
          "description": "Nothing was changed; something that is needed is away. Ask again.",
          "headers": {
            "Retry-After": {
              "description": "Seconds until it may work.",
              "schema": {
                "type": "integer"
              }
            }
          }
        }
      },
      "security": [
        {
          "token": []
        }
      ],
      "summary": "Who one is",
      "tags": [
        "auth"
      ],
      "x-access": "user",
      "x-scopes": [
        "global",
        "identity"
      ]
    }
    "##);
    let statuses = document["paths"]["/v2/apps/{id}/builds"]["post"]["responses"].as_object().unwrap().keys();
    assert_snapshot!(statuses.cloned().collect::<Vec<_>>().join(" "), @"201 400 401 403 404 409 413 422 429 503");
    assert_snapshot!(text("/components/schemas/ErrorBody"), @r##"
    {
      "description": "The body of an error answer, in one of the three shapes that Deis's clients know.",
      "oneOf": [
        {
          "description": "`{\"detail\": \"...\"}`: everything that is not about one field.",
          "properties": {
            "detail": {
              "description": "What went wrong, for people.",
              "type": "string"
            }
          },
          "required": [
            "detail"
          ],
          "type": "object"
        },
        {
          "description": "A bare string, `\"No App matches the given query.\"`: a missing object (404).",
          "type": "string"
        },
        {
          "additionalProperties": {
            "items": {
              "type": "string"
            },
            "type": "array"
          },
          "description": "`{\"<field>\": [\"...\", ...]}`: what is wrong with each field of the request.",
          "propertyNames": {
            "type": "string"
          },
          "type": "object"
        }
      ]
    }
    "##);
    assert_snapshot!(text("/components/schemas/PageOfDomain"), @r##"
    {
      "description": "One page of a list.",
      "properties": {
        "count": {
          "description": "How many there are in all.",
          "minimum": 0,
          "type": "integer"
        },
        "next": {
          "description": "URL of the next page.",
          "type": [
            "string",
            "null"
          ]
        },
        "previous": {
          "description": "URL of the previous page.",
          "type": [
            "string",
            "null"
          ]
        },
        "results": {
          "items": {
            "$ref": "#/components/schemas/Domain"
          },
          "type": "array"
        }
      },
      "required": [
        "count",
        "next",
        "previous",
        "results"
      ],
      "type": "object"
    }
    "##);
}

#[sqlx::test(migrations = "../migrations")]
async fn the_page_has_every_route_and_loads_nothing(pool: PgPool) {
    let installation = Installation::fresh(pool).await;
    let anybody = installation.anybody();
    let page = anybody.get("/v2/reference").await.expect(StatusCode::OK);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.header("content-security-policy").starts_with("default-src 'none';"));
    for load in ["<script", "<link", "<img", "src=", "url(", "@import", "http://", "https://"] {
        assert!(!page.body.contains(load), "{load}");
    }
    for route in every_route::all(&anybody).await {
        let wanted = format!("{0}</b> <code>{1}</code>", route.method, route.pattern);
        assert!(page.body.contains(&wanted), "{wanted}");
    }
    // Each link has its place.
    for link in page.body.split("href=\"#").skip(1) {
        let name = link.split('"').next().unwrap();
        assert!(page.body.contains(&format!("id=\"{name}\"")), "{name}");
    }
    let start = page.body.find("<details id=\"delete-apps-id-services\"").unwrap();
    let end = start + page.body[start..].find("</details>").unwrap();
    assert_snapshot!(&page.body[start..end], @r##"
    <details id="delete-apps-id-services"><summary><b class="DELETE">DELETE</b> <code>/v2/apps/{id}/services</code> Let a process type answer no paths</summary>
    <p>For: app-owner. Scopes: global, write, write-protected</p>
    <table>
    <tr><td><code>id</code><td>path<td>string<td>
    <tr><td><code>Idempotency-Key</code><td>header<td>string<td>Makes the request safe to send twice: it is done once, and the second answer is that of the first.
    </table>
    <p>Takes <a href="#schema-RemoveService">RemoveService</a></p>
    <table>
    <tr><td>204<td><td>Done; there is nothing to tell.
    <tr><td>400<td>application/json: <a href="#schema-ErrorBody">ErrorBody</a><td>Something is wrong with the request, or with what it wants to run.
    <tr><td>401<td>application/json: <a href="#schema-ErrorBody">ErrorBody</a><td>No token, or one that is good no more.
    <tr><td>403<td>application/json: <a href="#schema-ErrorBody">ErrorBody</a><td>Not with this token, or not this user.
    <tr><td>404<td>application/json: <a href="#schema-ErrorBody">ErrorBody</a><br>text/html: string<td>There is no such thing, or none that this user may know of.
    <tr><td>413<td>application/json: <a href="#schema-ErrorBody">ErrorBody</a><td>The body is too large.
    <tr><td>422<td>application/json: <a href="#schema-ErrorBody">ErrorBody</a><td>It names what is not there, or its Idempotency-Key belongs to another request.
    <tr><td>503<td>application/json: <a href="#schema-ErrorBody">ErrorBody</a><td>Nothing was changed; something that is needed is away. Ask again.
    </table>
    "##);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_url_that_is_no_text_is_a_url_of_nothing(pool: PgPool) {
    let (_, admin) = Installation::with_admin(pool).await;
    admin.post("/v2/apps", json!({"id": "blog"})).await.expect(StatusCode::CREATED);
    for path in ["/v2/keys/%ff", "/v2/certs/%ff", "/v2/apps/%ff", "/v2/apps/blog/builds/%ff", "/v2/apps/blog/pods/%ff"]
    {
        let answer = admin.get(path).await.expect(StatusCode::NOT_FOUND);
        assert!(answer.body.starts_with("<!doctype html>"), "{path}: {answer}");
    }
}
