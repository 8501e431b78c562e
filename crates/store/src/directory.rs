//! Every verified object in memory. Readers take no lock; there is one writer.

mod entry;
mod grants;
mod intern;
mod key;
mod objects;
mod ordered;
mod orders;
mod pairs;
mod reread;
mod shards;
mod uses;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use ironward_core::Id;
use ironward_secret::KeyHash;
use tokio::sync::watch;

use crate::objects::{
    AccessGroup, Account, Budget, Claim, Credential, Customer, Key, Organisation, Project,
    SecretForm, ServiceAccount, StoredDeployment, Tag, Team, User,
};

pub use entry::Entry;
pub use grants::Grants;
pub use key::{Dated, LiveKey, LiveSecret};
pub use objects::Objects;
pub use orders::{KeyOrder, KeysOf, UserOrder};
use orders::{KeyOrders, UserOrders};
use pairs::Pairs;
use shards::{HashOfKey, Shards};
pub(crate) use uses::Use;
pub use uses::Uses;
pub use writer::DirectoryWriter;

/// What the data path and the management plane answer from.
///
/// A change is seen at once and whole for one object. Two objects of one transaction may be seen
/// one before the other: a decision has to hold for each link of its chain by itself.
#[expect(missing_docs, reason = "each is the collection of its name")]
pub struct Directory {
    pub keys: Objects<Key, LiveKey>,
    pub organisations: Objects<Organisation>,
    pub teams: Objects<Team>,
    pub projects: Objects<Project>,
    pub users: Objects<User>,
    pub service_accounts: Objects<ServiceAccount>,
    pub customers: Objects<Customer>,
    pub budgets: Objects<Budget>,
    pub credentials: Objects<Credential>,
    pub deployments: Objects<StoredDeployment>,
    pub access_groups: Objects<AccessGroup>,
    pub tags: Objects<Tag>,
    /// When each credential was sent somewhere last.
    pub credential_uses: Uses,
    /// The same of the deployments that have secrets of their own.
    pub deployment_uses: Uses,
    secrets: Shards<KeyHash, Holder, HashOfKey>,
    key_orders: KeyOrders,
    user_orders: UserOrders,
    teams_of_user: Pairs<User, Team>,
    teams_of_organisation: Pairs<Organisation, Team>,
    users_of_organisation: Pairs<Organisation, User>,
    projects_of_team: Pairs<Team, Project>,
    service_accounts_of_team: Pairs<Team, ServiceAccount>,
    emails: Shards<Box<str>, Id<User>>,
    sso_ids: Shards<Box<str>, Id<User>>,
    changes: watch::Sender<u64>,
    /// Whether a key of LiteLLM's was ever among them.
    has_imported: AtomicBool,
    /// Counts the changes of objects that list identities.
    identities: AtomicU64,
}

/// Whose a secret is.
#[derive(Clone)]
struct Holder {
    key: Arc<Entry<Key, LiveKey>>,
    /// Which of its secrets.
    place: usize,
}

/// A key that was found by one of its secrets.
pub struct Found {
    /// The key.
    pub key: Arc<Entry<Key, LiveKey>>,
    /// The secret: it may be past its end.
    pub secret: LiveSecret,
}

impl Directory {
    pub(crate) fn new() -> Self {
        Self {
            keys: Objects::new(MANY),
            organisations: Objects::new(FEW),
            teams: Objects::new(FEW),
            projects: Objects::new(FEW),
            users: Objects::new(MANY),
            service_accounts: Objects::new(FEW),
            customers: Objects::new(MANY),
            budgets: Objects::new(FEW),
            credentials: Objects::new(FEW),
            deployments: Objects::new(FEW),
            access_groups: Objects::new(FEW),
            tags: Objects::new(FEW),
            credential_uses: Uses::new(FEW),
            deployment_uses: Uses::new(FEW),
            secrets: Shards::new(MANY),
            key_orders: KeyOrders::new(),
            user_orders: UserOrders::new(),
            teams_of_user: Pairs::new(),
            teams_of_organisation: Pairs::new(),
            users_of_organisation: Pairs::new(),
            projects_of_team: Pairs::new(),
            service_accounts_of_team: Pairs::new(),
            emails: Shards::new(FEW),
            sso_ids: Shards::new(FEW),
            changes: watch::Sender::new(0),
            has_imported: AtomicBool::new(false),
            identities: AtomicU64::new(0),
        }
    }

    /// The key whose secret was hashed to `hash` in this form. A hash of the other form is not the
    /// same proof: what `LiteLLM` keeps of its keys would open them.
    #[must_use]
    pub fn key_by_secret(&self, form: SecretForm, hash: &KeyHash) -> Option<Found> {
        let Holder { key, place } = self.secrets.find(hash)?;
        let secret = *key.object.secrets.get(place)?;
        (secret.form == form).then_some(Found { key, secret })
    }

    /// Whether there may be keys of the form [`SecretForm::LitellmHash`]. Without any, nobody has to
    /// look for one.
    #[must_use]
    pub fn has_imported_keys(&self) -> bool {
        self.has_imported.load(Ordering::Acquire)
    }

    /// The user with this address, in any case of letters.
    #[must_use]
    pub fn user_by_email(&self, email: &str) -> Option<Arc<Entry<User>>> {
        self.users
            .find(self.emails.find(email.to_lowercase().as_str())?.as_str())
    }

    /// The user with this subject at the identity provider.
    #[must_use]
    pub fn user_by_sso_id(&self, subject: &str) -> Option<Arc<Entry<User>>> {
        self.users.find(self.sso_ids.find(subject)?.as_str())
    }

    /// Grows with every change of who lists which identities. Whoever keeps what
    /// [`Self::identities`] gives reads this before, and looks whether it has grown since.
    #[must_use]
    pub fn identities_revision(&self) -> u64 {
        self.identities.load(Ordering::Acquire)
    }

    /// Who is proven without a key by what, an entry for each: all of its claims hold.
    pub fn identities(&self, mut each: impl FnMut(Account, &[Claim])) {
        for entry in self.service_accounts.iter() {
            let account = || Account::ServiceAccount(entry.id.clone());
            let identities = entry.object.identities.iter();
            identities.for_each(|claims| each(account(), claims));
        }
        for entry in self.users.iter() {
            let account = || Account::User(entry.id.clone());
            let identities = entry.object.identities.iter();
            identities.for_each(|claims| each(account(), claims));
        }
    }

    /// The number of the last change, and a way to wait for the next: what is held for long (an
    /// open stream) looks then whether its entries are still current.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

/// Shards of collections that grow to hundreds of thousands: a change copies one of them.
const MANY: usize = 1024;
const FEW: usize = 16;
