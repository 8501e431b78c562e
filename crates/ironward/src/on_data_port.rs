//! Where the two planes meet on the data port: `general_settings.admin_on_data_port`.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use ironward_admin::{Guest, Plane};
use ironward_proxy::{HandedOver, Management};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// Has the management plane answer on the runtime that it is made on: work of administrators takes
/// no time of the threads that serve calls.
pub(crate) struct OnDataPort {
    guest: Arc<Guest>,
    runtime: Handle,
}

impl OnDataPort {
    /// Has to be made on the runtime of the admin plane.
    pub(crate) fn new(plane: &Arc<Plane>) -> Self {
        Self {
            guest: Arc::new(Guest::new(Arc::clone(plane))),
            runtime: Handle::current(),
        }
    }
}

impl Management for OnDataPort {
    fn find(&self, path: &str) -> Option<&'static [&'static str]> {
        self.guest.find(path)
    }

    fn answer(
        &self,
        source: Option<IpAddr>,
        request: Request<HandedOver>,
    ) -> oneshot::Receiver<Response<Bytes>> {
        let (sender, receiver) = oneshot::channel();
        let guest = Arc::clone(&self.guest);
        self.runtime.spawn(async move {
            // A client that went away does not undo what was done for it.
            let _gone = sender.send(guest.answer(source, request).await);
        });
        receiver
    }
}
