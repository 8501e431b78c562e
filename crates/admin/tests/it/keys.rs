use serde_json::json;

use crate::fixture::{ADMIN, Fixture};

#[tokio::test]
async fn a_key_is_shown_once() {
    let fixture = Fixture::new().await;
    let made = fixture
        .post(ADMIN, "/key/generate", &json!({"key_alias": "one"}))
        .await;
    assert_eq!(made.status, 200, "{}", made.text);
    let (key, id) = made.key();
    assert!(key.starts_with("sk-iw-"));
    for name in [&id, &key] {
        let shown = fixture.get(ADMIN, &format!("/key/info?key={name}")).await;
        assert_eq!(shown.status, 200, "{}", shown.text);
        assert_eq!(shown.json["key"], json!(id));
        assert_eq!(shown.json["info"]["key_alias"], json!("one"));
        assert!(!shown.text.contains(&key));
    }
}
