use ironward_store::Directory;
use serde_json::{Value, json};

use super::Held;
use crate::answer::Row;
use crate::call::Call;
use crate::keys::show::{owner_user, row};
use crate::request::{Fields, FromJson, Place, Problems, Shape, choice};

/// How a key is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Id,
    Full,
    WithUser,
}

impl Shape for Form {
    fn read(fields: &mut Fields<'_>) -> Self {
        let full: Option<bool> = fields.optional("return_full_object");
        let expand: Option<Vec<ExpandUser>> = fields.optional("expand");
        match (full, expand.as_deref()) {
            (_, Some([_, ..])) => Self::WithUser,
            (Some(true), _) => Self::Full,
            _ => Self::Id,
        }
    }
}

impl Form {
    pub(super) fn show(self, call: &Call<'_>, directory: &Directory, entry: &Held) -> Value {
        let id = entry.id.as_str();
        if self == Self::Id {
            return id.into();
        }
        let key = entry.object.whole();
        let mut shown = row(directory, id, &key, call.now);
        if self == Self::WithUser {
            let user = owner_user(&key).and_then(|user| show_user(directory, user));
            shown.put("user", user);
        }
        shown.into_value()
    }
}

fn show_user(directory: &Directory, id: &str) -> Option<Value> {
    let user = directory.users.find(id)?;
    let mut row = Row::default();
    row.put("user_id", id).put("user_email", &user.object.email);
    row.put("user_alias", &user.object.alias)
        .put("user_role", user.object.role.as_str());
    Some(row.into_value())
}

/// What is put into full objects besides: LiteLLM knows the user.
#[derive(Debug, Clone, Copy)]
struct ExpandUser;

impl FromJson for ExpandUser {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        choice(&value, at, problems, &[("user", Self)])
    }

    fn schema() -> Value {
        json!({"enum": ["user"]})
    }
}
