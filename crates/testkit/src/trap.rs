use std::io::Read as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// A listener that nothing may ever connect to; it remembers whoever did.
///
/// An attack names its address and then asserts [`Trap::assert_untouched`].
pub struct Trap {
    address: SocketAddr,
    visits: Arc<Mutex<Vec<Vec<u8>>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Trap {
    /// Listens on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn start() -> Self {
        Self::start_on(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// Listens on this address; port 0 lets the system choose.
    ///
    /// # Panics
    /// When it is taken, or none of this machine's.
    #[must_use]
    #[track_caller]
    pub fn start_on(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).expect("a free port of this machine");
        let address = listener.local_addr().expect("a bound address");
        let visits = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (log, flag) = (Arc::clone(&visits), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if flag.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                // Counted before it is read, so that a silent visitor counts at once.
                let visit = {
                    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
                    log.push(Vec::new());
                    log.len() - 1
                };
                let first = first_bytes(stream);
                if let Some(entry) = log
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .get_mut(visit)
                {
                    *entry = first;
                }
            }
        });
        Self {
            address,
            visits,
            stop,
            thread: Some(thread),
        }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The first bytes of every connection that arrived (empty when it sent none).
    #[must_use]
    pub fn visits(&self) -> Vec<Vec<u8>> {
        self.visits
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Fails the test when anything connected.
    ///
    /// # Panics
    /// When anything connected; the message shows what it sent.
    #[track_caller]
    pub fn assert_untouched(&self) {
        let visits = self.visits();
        assert!(
            visits.is_empty(),
            "{} connection(s) reached the trap; first bytes: {:?}",
            visits.len(),
            visits
                .first()
                .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        );
    }
}

impl Drop for Trap {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the accept loop, which then sees the flag.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn first_bytes(mut stream: TcpStream) -> Vec<u8> {
    let mut bytes = vec![0; 1024];
    let length = stream
        .set_read_timeout(Some(Duration::from_millis(200)))
        .and_then(|()| stream.read(&mut bytes))
        .unwrap_or(0);
    bytes.truncate(length);
    bytes
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::TcpStream;
    use std::time::Duration;

    use super::Trap;

    #[test]
    fn an_untouched_trap_is_content_and_a_visit_is_remembered() {
        let trap = Trap::start();
        trap.assert_untouched();
        let mut stream = TcpStream::connect(trap.address()).unwrap();
        stream.write_all(b"GET /secret").unwrap();
        for _ in 0..100 {
            if trap.visits().iter().any(|first| !first.is_empty()) {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(trap.visits(), [b"GET /secret".to_vec()]);
    }
}
