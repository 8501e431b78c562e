use ironward_core::Random;
use ironward_secret::{KeyHash, KeyToken};
use zeroize::Zeroizing;

use crate::authority::Authority;
use crate::data_dir::draw_admin_key;
use crate::exit::Failure;

/// The admin key of a first start. It is kept only when it is about to be shown: a start that fails
/// before would leave a key behind that nobody has ever seen.
pub(crate) struct NewKey {
    token: KeyToken,
    hash: KeyHash,
}

impl NewKey {
    /// Makes it, and lets it in.
    pub(crate) fn draw(authority: &Authority, random: &dyn Random) -> Self {
        let token = draw_admin_key(random);
        let hash = authority.hasher.hash(token.bytes());
        authority.let_in(hash);
        Self { token, hash }
    }

    /// `None`: another node was faster, and shows its own.
    async fn keep(self, authority: &Authority) -> Result<Option<Zeroizing<String>>, Failure> {
        let is_kept = authority.keep_first_admin_key(&self.hash).await?;
        Ok(is_kept.then(|| self.token.reveal_once()))
    }

    /// The key to show, if one was made and kept.
    pub(crate) async fn keep_any(
        new_key: Option<Self>,
        authority: &Authority,
    ) -> Result<Option<Zeroizing<String>>, Failure> {
        match new_key {
            Some(new_key) => new_key.keep(authority).await,
            None => Ok(None),
        }
    }
}
