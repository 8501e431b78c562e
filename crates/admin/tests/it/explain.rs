//! Who is told what about access and health.

use std::sync::atomic::Ordering;

use ironward_core::Role;
use serde_json::json;

use crate::fixture::{ADMIN, Fixture};

#[tokio::test]
async fn who_may_see_a_key_is_told_what_lets_its_calls_through() {
    let fixture = Fixture::new().await;
    for (id, role) in [
        ("ann", Role::InternalUser),
        ("bob", Role::InternalUser),
        ("eve", Role::ProxyAdminViewer),
        ("oscar", Role::Operator),
        ("audit", Role::Auditor),
    ] {
        fixture.user(id, role, &[]).await;
    }
    let (anns, id) = fixture.key(&json!({"user_id": "ann"})).await;
    let ask = async |key: &str, model: &str| {
        let path = format!("/access/explain?key={id}&model={model}&source=10.0.0.1");
        fixture.get(key, &path).await
    };
    for key in [ADMIN, &anns] {
        let open = ask(key, "open").await;
        assert_eq!(
            open.json,
            json!({
                "key": id, "model": "open", "stands_for": "open", "model_group": "open",
                "allowed": true, "reason": null, "not_judged": [],
                "lines": [
                    {"link": "key", "name": id, "rule": "models", "allowed": true, "why": "so it is"},
                    {"link": "key", "name": id, "rule": "regions", "allowed": true, "why": "so it is"},
                ],
            })
        );
    }
    let whole = ask(ADMIN, "closed").await;
    assert_eq!(whole.json["model_group"], "closed");
    assert_eq!(whole.json["lines"].as_array().unwrap().len(), 2);
    assert_eq!(whole.json["reason"], format!("key {id}: models: so it is"));
    // Its owner is not told whether there is a model that they may not use.
    let mut told = [
        ask(&anns, "closed").await.json,
        ask(&anns, "nothing").await.json,
    ];
    for answer in &mut told {
        answer["model"] = json!("");
        answer["stands_for"] = json!("");
    }
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0]["model_group"], json!(null));
    let status = async |user: &str| {
        let (key, _) = fixture.key(&json!({"user_id": user})).await;
        ask(&key, "open").await.status
    };
    assert_eq!(status("bob").await, 404);
    assert_eq!(status("eve").await, 200);
    assert_eq!(status("oscar").await, 403);
    assert_eq!(status("audit").await, 403);
    for (query, status) in [
        ("key=none&model=open", 404),
        ("model=open", 422),
        ("key=none", 422),
    ] {
        let path = format!("/access/explain?{query}");
        assert_eq!(fixture.get(ADMIN, &path).await.status, status, "{query}");
    }
    let path = format!("/access/explain?key={id}&model=open&source=here");
    assert_eq!(fixture.get(ADMIN, &path).await.status, 400);
    let path = format!("/access/explain?key={id}&model=open");
    let unknown = fixture.get(ADMIN, &path).await;
    assert_eq!(unknown.json["not_judged"], json!(["sources"]));
}

#[tokio::test]
async fn who_looks_after_the_gateway_sees_what_it_depends_on() {
    let fixture = Fixture::new().await;
    let path = "/health/readiness/details";
    fixture.user("oscar", Role::Operator, &[]).await;
    fixture.user("eve", Role::ProxyAdminViewer, &[]).await;
    for (id, role) in [
        ("ann", Role::InternalUser),
        ("audit", Role::Auditor),
        ("chief", Role::OrgAdmin),
    ] {
        fixture.user(id, role, &[]).await;
        let (key, _) = fixture.key(&json!({"user_id": id})).await;
        assert_eq!(fixture.get(&key, path).await.status, 403, "{id}");
    }
    assert_eq!(fixture.get("sk-nobody", path).await.status, 401);
    let (oscars, _) = fixture.key(&json!({"user_id": "oscar"})).await;
    let (eves, _) = fixture.key(&json!({"user_id": "eve"})).await;
    for key in [ADMIN, &oscars, &eves] {
        let healthy = json!({
            "status": "healthy", "db": "connected", "cache": null, "calls": 3,
            "vault": {"status": "connected", "since": null}, "journal": "writable",
            "ironward_version": env!("CARGO_PKG_VERSION"),
        });
        assert_eq!(fixture.get(key, path).await.json, healthy);
    }
    fixture.vault.is_lost.store(true, Ordering::Relaxed);
    let lost = fixture.get(&oscars, path).await;
    assert_eq!(lost.json["status"], "healthy", "calls go on");
    let vault = json!({"status": "disconnected", "since": "2026-01-01T00:00:00Z"});
    assert_eq!(lost.json["vault"]["status"], vault["status"]);
    assert!(
        lost.json["vault"]["since"]
            .as_str()
            .unwrap()
            .starts_with("2026-01-01T00:00:00")
    );
}
