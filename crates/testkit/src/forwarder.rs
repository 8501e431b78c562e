use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Stands between a client and a service on 127.0.0.1, and can stop passing anything on without
/// closing anything: a network that is gone, as those at its ends see it.
pub struct Forwarder {
    address: SocketAddr,
    state: Arc<State>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    is: Mutex<Is>,
    changed: Condvar,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Is {
    #[default]
    Open,
    Paused,
    Over,
}

impl Forwarder {
    /// Passes on what comes to a free port of 127.0.0.1.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn start(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        let accepting = std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // One that comes while nothing is passed on waits like the others.
                let shared = Arc::clone(&shared);
                if shared.is() == Is::Over {
                    return;
                }
                std::thread::spawn(move || pair(client, to, &shared));
            }
        });
        Self {
            address,
            state,
            accepting: Some(accepting),
        }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Passes nothing on from now on; what is sent waits.
    pub fn pause(&self) {
        self.state.set(Is::Paused);
    }

    /// Passes on again, first of all what has waited.
    pub fn resume(&self) {
        self.state.set(Is::Open);
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.state.set(Is::Over);
        // Wakes the accept loop.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.accepting.take() {
            drop(thread.join());
        }
    }
}

impl State {
    fn is(&self) -> Is {
        *self.is.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, to: Is) {
        *self.is.lock().unwrap_or_else(PoisonError::into_inner) = to;
        self.changed.notify_all();
    }

    /// Waits while it is paused; false when it is over.
    fn may_pass(&self) -> bool {
        let is = self.is.lock().unwrap_or_else(PoisonError::into_inner);
        let is = self.changed.wait_while(is, |is| *is == Is::Paused);
        *is.unwrap_or_else(PoisonError::into_inner) == Is::Open
    }
}

/// Both directions of a connection.
fn pair(client: TcpStream, to: SocketAddr, state: &Arc<State>) {
    if !state.may_pass() {
        return;
    }
    let Ok(service) = TcpStream::connect(to) else {
        return;
    };
    let (Ok(from_client), Ok(from_service)) = (client.try_clone(), service.try_clone()) else {
        return;
    };
    let shared = Arc::clone(state);
    std::thread::spawn(move || pass(from_client, service, &shared));
    pass(from_service, client, state);
}

fn pass(mut from: TcpStream, mut to: TcpStream, state: &State) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(length) = from.read(&mut buffer) {
        let bytes = buffer.get(..length).unwrap_or_default();
        if !state.may_pass() || length == 0 || to.write_all(bytes).is_err() {
            break;
        }
    }
    drop(to.shutdown(Shutdown::Both));
    drop(from.shutdown(Shutdown::Both));
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::time::Duration;

    use super::Forwarder;

    #[test]
    fn what_is_sent_while_it_is_paused_arrives_afterwards() {
        let service = TcpListener::bind("127.0.0.1:0").unwrap();
        let forwarder = Forwarder::start(service.local_addr().unwrap());
        let mut client = TcpStream::connect(forwarder.address()).unwrap();
        client.write_all(b"one").unwrap();
        let (mut inside, _) = service.accept().unwrap();
        let mut bytes = [0; 3];
        inside.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"one");
        forwarder.pause();
        client.write_all(b"two").unwrap();
        let wait = Some(Duration::from_millis(100));
        inside.set_read_timeout(wait).unwrap();
        assert!(inside.read(&mut bytes).is_err(), "nothing arrives");
        inside.set_read_timeout(None).unwrap();
        forwarder.resume();
        inside.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"two");
        inside.write_all(b"end").unwrap();
        drop(inside);
        let mut text = String::new();
        client.read_to_string(&mut text).unwrap();
        assert_eq!(text, "end");
    }
}
