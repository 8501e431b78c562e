//! What is recorded of acts, and what becomes of one that cannot be.

use ironward_core::Role;
use serde_json::{Value, json};

use crate::fixture::{ADMIN, Fixture};

fn kinds(records: &[Value]) -> Vec<&str> {
    let kinds = records.iter().map(|record| record["kind"].as_str());
    kinds.map(Option::unwrap).collect()
}

#[tokio::test]
async fn an_act_is_a_record_before_it_is_done_and_its_outcome_another() {
    let fixture = Fixture::new().await;
    let body = json!({"key_alias": "build", "metadata": {"note": "kept out"}});
    let made = fixture.post(ADMIN, "/key/generate", &body).await;
    assert_eq!(made.status, 200);
    let records = fixture.recorded.take();
    assert_eq!(kinds(&records), ["act", "act.outcome"]);
    let (act, outcome) = (&records[0], &records[1]);
    assert_eq!(
        act["what"],
        json!({"route": "/key/generate", "method": "POST"})
    );
    assert_eq!(act["who"]["name"], "admin_key");
    assert_eq!(outcome["of"], act["id"]);
    assert_eq!(outcome["what"]["status"], 200);
    let object = &outcome["what"]["objects"][0];
    assert_eq!(
        (&object["kind"], &object["change"]),
        (&json!("key"), &json!("create"))
    );
    assert_eq!(object["id"], made.json["token_id"]);
    // Neither the key nor what the request said is in it.
    let text = format!("{records:?}");
    let secret = made.json["key"].as_str().unwrap();
    assert!(
        !text.contains(secret) && !text.contains("kept out"),
        "{text}"
    );
}

#[tokio::test]
async fn a_refusal_is_recorded_and_reading_is_not() {
    let fixture = Fixture::new().await;
    fixture.user("ada", Role::InternalUser, &[]).await;
    fixture.get(ADMIN, "/user/info?user_id=ada").await;
    assert_eq!(fixture.recorded.take(), Vec::<Value>::new());
    let refused = fixture
        .post(ADMIN, "/team/delete", &json!({"team_ids": ["none"]}))
        .await;
    assert_eq!(refused.status, 404);
    let records = fixture.recorded.take();
    assert_eq!(records[1]["what"]["status"], 404);
    assert!(records[1]["what"]["reason"].is_string());
    assert!(records[1]["what"]["objects"].is_null());
}

#[tokio::test]
async fn an_act_that_a_role_forbids_is_recorded_without_a_look_at_it() {
    let fixture = Fixture::new().await;
    fixture.user("vera", Role::InternalUserViewer, &[]).await;
    let (viewer, _) = fixture.key(&json!({"user_id": "vera"})).await;
    fixture.recorded.take();
    let body = json!({"team_id": "blue", "team_alias": "Blue"});
    let refused = fixture.post(&viewer, "/team/new", &body).await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    fixture.get(&viewer, "/user/list").await;
    let records = fixture.recorded.take();
    assert_eq!(kinds(&records), ["act.refused"]);
    assert_eq!(records[0]["who"]["user"], "vera");
    assert_eq!(records[0]["what"]["route"], "/team/new");
    assert_eq!(records[0]["what"]["status"], 403);
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_done() {
    let fixture = Fixture::new().await;
    fixture.recorded.fail_after(0);
    let body = json!({"team_id": "blue", "team_alias": "Blue"});
    let refused = fixture.post(ADMIN, "/team/new", &body).await;
    assert_eq!(refused.status, 503);
    assert!(
        refused.text.contains("nothing was done"),
        "{}",
        refused.text
    );
    assert_eq!(refused.headers["retry-after"], "1");
    let read = fixture.get(ADMIN, "/team/info?team_id=blue").await;
    assert_eq!(read.status, 404, "reading goes on");
    // That somebody tried is recorded when it can be.
    let records = fixture.recorded.take();
    assert_eq!(kinds(&records), ["act.outcome"]);
    assert_eq!(records[0]["what"]["status"], 503);
    fixture.recorded.fail_after(-1);
    assert_eq!(fixture.post(ADMIN, "/team/new", &body).await.status, 200);
}

#[tokio::test]
async fn nobody_is_told_an_outcome_that_is_not_on_the_record() {
    let fixture = Fixture::new().await;
    fixture.recorded.fail_after(1);
    let body = json!({"team_id": "blue", "team_alias": "Blue"});
    let refused = fixture.post(ADMIN, "/team/new", &body).await;
    assert_eq!(refused.status, 503);
    assert!(refused.text.contains("it was done"), "{}", refused.text);
    let records = fixture.recorded.take();
    assert_eq!(kinds(&records), ["act", "act.outcome"]);
    assert_eq!(records[1]["what"]["status"], 200);
    assert_eq!(records[1]["what"]["objects"][0]["id"], "blue");
    let read = fixture.get(ADMIN, "/team/info?team_id=blue").await;
    assert_eq!(read.status, 200);
}

#[tokio::test]
async fn a_secret_where_a_name_belongs_is_not_recorded() {
    let fixture = Fixture::new().await;
    let made = fixture.post(ADMIN, "/key/generate", &json!({})).await;
    let key = made.json["key"].as_str().unwrap();
    let path = format!("/key/{key}/regenerate");
    let renewed = fixture.post(ADMIN, &path, &json!({})).await;
    assert_eq!(renewed.status, 200, "{}", renewed.text);
    let text = format!("{:?}", fixture.recorded.take());
    assert!(!text.contains(key.get(22..).unwrap()), "{text}");
}
