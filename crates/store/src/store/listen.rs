use sqlx::postgres::PgListener;

use super::Store;
use crate::database::Database;

/// Waits for the word of another node that something was written. It may come without need, and
/// it may fail to come: the feed looks every second anyhow.
pub(crate) struct Listener(Option<PgListener>);

impl Listener {
    /// Hears nothing until it is connected.
    pub(crate) const fn new() -> Self {
        Self(None)
    }

    /// Connects where there is something to hear and no connection.
    pub(crate) async fn connect(&mut self, store: &Store) {
        let Database::Postgres(pool) = &store.locked.database else {
            return;
        };
        if self.0.is_some() {
            return;
        }
        if let Ok(mut listener) = PgListener::connect_with(pool).await
            && listener.listen("ironward").await.is_ok()
        {
            self.0 = Some(listener);
        }
    }

    /// Returns when something was written, or the connection is gone.
    pub(crate) async fn heard(&mut self) {
        match &mut self.0 {
            None => std::future::pending().await,
            Some(listener) => {
                if !matches!(listener.try_recv().await, Ok(Some(_))) {
                    self.0 = None;
                }
            }
        }
    }
}
