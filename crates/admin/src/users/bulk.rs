use serde_json::{Value, json};

use super::change::{UpdateUser, change};
use crate::call::{Call, Outcome};
use crate::request::{Fields, Shape};
use crate::target::Target;

/// LiteLLM's limit for one request.
const MOST_UPDATES: usize = 500;

/// LiteLLM's `BulkUpdateUserRequest`.
pub(crate) struct UpdateUsers {
    users: Vec<UpdateUser>,
}

impl Shape for UpdateUsers {
    fn read(fields: &mut Fields<'_>) -> Self {
        for name in ["all_users", "user_updates"] {
            let all: Option<Value> = fields.optional(name);
            if all.is_some_and(|all| all != json!(false)) {
                fields.refuse(name, "name the users that are meant in users");
            }
        }
        let users: Vec<UpdateUser> = fields.optional("users").unwrap_or_default();
        if users.is_empty() || users.len() > MOST_UPDATES {
            fields.refuse("users", "name 1 to 500 users");
        }
        Self { users }
    }
}

/// `POST /user/bulk_update`: each user by itself; one that fails does not stop the others.
pub(crate) async fn update_many(call: &Call<'_>) -> Outcome {
    let request: UpdateUsers = call.body()?;
    let permit = call.authorise(&Target::default())?;
    let _turn = call.plane.turn().await;
    let total = request.users.len();
    let (mut results, mut done) = (Vec::new(), 0_usize);
    for update in request.users {
        let (id, email) = update.names();
        match change(call, update).await {
            Ok((held, data)) => {
                done += 1;
                results.push(json!({
                    "user_id": held.id.as_str(),
                    "user_email": held.user.email,
                    "success": true,
                    "error": null,
                    "updated_user": data,
                }));
            }
            Err(refusal) => results.push(json!({
                "user_id": id,
                "user_email": email,
                "success": false,
                "error": refusal.message(),
                "updated_user": null,
            })),
        }
    }
    Ok(permit.answer(json!({
        "results": results,
        "total_requested": total,
        "successful_updates": done,
        "failed_updates": total - done,
    })))
}
