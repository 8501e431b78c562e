use std::sync::Arc;

use ironward_identity::{Accounts, Bindings, Identities, Keyless};
use ironward_store::Directory;
use ironward_store::objects::Account;

/// Who may come without a key: `identities` say who sent a token, and the objects of `directory`
/// whom it stands for.
#[must_use]
pub fn keyless(directory: &Arc<Directory>, identities: Arc<Identities>) -> Arc<Keyless<Account>> {
    let listed = Listed(Arc::clone(directory));
    Arc::new(Keyless::new(identities, Box::new(listed)))
}

struct Listed(Arc<Directory>);

impl Accounts<Account> for Listed {
    fn revision(&self) -> u64 {
        self.0.identities_revision()
    }

    fn list(&self) -> Bindings<Account> {
        let mut bindings = Bindings::default();
        self.0.identities(|account, claims| {
            let claims = claims.iter().map(|claim| (&*claim.name, &*claim.value));
            let id = account.as_str().to_owned();
            // Whoever stores one checks it first: it is of a later version, then.
            if let Err(invalid) = bindings.add(account, claims) {
                ironward_telemetry::StoreFailed {
                    what: "an identity of an account is left out",
                    error: &format!("{id}: {invalid}"),
                }
                .emit();
            }
        });
        bindings
    }
}
