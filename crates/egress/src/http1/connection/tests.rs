use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use http::{HeaderMap, Method};
use ironward_core::{Origin, Turn};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{BLOCK, Broken, Connection, SHORT, Sending};
use crate::endpoint::Endpoint;
use crate::outgoing::Outgoing;
use crate::proxy::Way;

/// A transport that does what it is told: each step is one read or write, and without one of its
/// kind in front it would block.
#[derive(Default)]
struct Scripted {
    reads: VecDeque<io::Result<Vec<u8>>>,
    writes: VecDeque<io::Result<usize>>,
    written: Arc<std::sync::Mutex<Vec<u8>>>,
}

impl AsyncRead for Scripted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.reads.pop_front() {
            None => Poll::Pending,
            Some(Err(error)) => Poll::Ready(Err(error)),
            Some(Ok(mut bytes)) => {
                let rest = bytes.split_off(bytes.len().min(buffer.remaining()));
                buffer.put_slice(&bytes);
                if !rest.is_empty() {
                    self.reads.push_front(Ok(rest));
                }
                Poll::Ready(Ok(()))
            }
        }
    }
}

impl AsyncWrite for Scripted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.writes.pop_front() {
            None => Poll::Pending,
            Some(Err(error)) => Poll::Ready(Err(error)),
            Some(Ok(most)) => {
                let bytes = &bytes[..most.min(bytes.len())];
                self.written.lock().unwrap().extend_from_slice(bytes);
                Poll::Ready(Ok(bytes.len()))
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn request(body: &'static [u8]) -> Outgoing {
    Outgoing {
        method: Method::POST,
        target: "/v1/chat?a=b".parse().unwrap(),
        headers: HeaderMap::from_iter([(
            http::header::AUTHORIZATION,
            http::HeaderValue::from_static("Bearer x"),
        )]),
        body: body.into(),
    }
}

/// A connection that a request is on.
fn begun(script: Scripted) -> Connection {
    let mut connection = Connection::new(script);
    let origin = Origin::parse("http://127.0.0.1:8080").unwrap();
    let endpoint = Endpoint::new(origin).unwrap();
    connection.begin(request(b"{\"a\":1}"), &endpoint, &Way::Direct);
    connection
}

fn cx() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[test]
fn a_request_is_the_same_however_the_socket_takes_it() {
    let expected = "POST /v1/chat?a=b HTTP/1.1\r\nhost: 127.0.0.1:8080\r\n\
                    authorization: Bearer x\r\ncontent-length: 7\r\n\r\n{\"a\":1}";
    for most in 1..expected.len() + 2 {
        let script = Scripted {
            writes: (0..expected.len()).map(|_| Ok(most)).collect(),
            ..Scripted::default()
        };
        let written = script.written.clone();
        let mut connection = begun(script);
        assert!(connection.poll_head(&mut cx()).is_pending());
        assert_eq!(*written.lock().unwrap(), expected.as_bytes(), "{most}");
    }
}

#[test]
fn a_long_request_leaves_its_thread_to_others_after_each_turn() {
    let body = vec![b'x'; 2 * Turn::BYTES];
    let script = Scripted {
        writes: (0..9).map(|_| Ok(usize::MAX)).collect(),
        ..Scripted::default()
    };
    let written = script.written.clone();
    let mut connection = Connection::new(script);
    let endpoint = Endpoint::new(Origin::parse("http://127.0.0.1:8080").unwrap()).unwrap();
    let mut request = request(b"");
    request.body = body.into();
    connection.begin(request, &endpoint, &Way::Direct);
    for turn in 1..=2 {
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        assert!(
            connection
                .poll_head(&mut Context::from_waker(&waker))
                .is_pending()
        );
        assert_eq!(written.lock().unwrap().len(), turn * Turn::BYTES);
        assert!(woken.0.load(Ordering::Relaxed), "it goes on by itself");
    }
    assert!(connection.poll_head(&mut cx()).is_pending());
    assert!(written.lock().unwrap().ends_with(b"xx"));
    assert!(
        written.lock().unwrap().len() > 2 * Turn::BYTES,
        "the head comes on top"
    );
    assert!(matches!(connection.sending, Sending::Written));
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_connection_is_at_rest_before_its_request_and_after_its_reply() {
    let mut connection = Connection::new(Scripted::default());
    connection.check_rest(&mut cx()).unwrap();

    let script = Scripted {
        reads: [Ok(OK.to_vec())].into(),
        // The head, and the body.
        writes: [Ok(1000), Ok(1000)].into(),
        ..Scripted::default()
    };
    let mut connection = begun(script);
    assert!(connection.poll_head(&mut cx()).is_ready());
    assert!(connection.check_rest(&mut cx()).is_err());
    assert!(connection.poll_piece(&mut cx()).is_ready());
    connection.check_rest(&mut cx()).unwrap();
}

#[test]
fn a_peer_that_speaks_or_closes_while_it_is_not_asked_is_noticed() {
    for read in [
        Ok(b"x".to_vec()),
        Ok(Vec::new()),
        Err(io::ErrorKind::ConnectionReset.into()),
    ] {
        let mut connection = Connection::new(Scripted {
            reads: [read].into(),
            ..Scripted::default()
        });
        assert!(connection.check_rest(&mut cx()).is_err());
    }
}

#[test]
fn a_reply_is_read_though_the_request_could_not_be_written() {
    let script = Scripted {
        reads: [Ok(OK.to_vec())].into(),
        writes: [Ok(3), Err(io::ErrorKind::BrokenPipe.into())].into(),
        ..Scripted::default()
    };
    let mut connection = begun(script);
    let Poll::Ready(Ok(head)) = connection.poll_head(&mut cx()) else {
        panic!("the reply is there");
    };
    assert_eq!(head.status, 200);
    let piece = connection.poll_piece(&mut cx());
    assert!(matches!(piece, Poll::Ready(Ok(Some(piece))) if piece == "ok"));
    assert!(connection.is_over());
    assert!(connection.check_rest(&mut cx()).is_err());
}

#[test]
fn a_request_that_could_not_be_written_is_the_cause() {
    let script = Scripted {
        reads: [Ok(Vec::new())].into(),
        writes: [Err(io::ErrorKind::BrokenPipe.into())].into(),
        ..Scripted::default()
    };
    let result = begun(script).poll_head(&mut cx());
    let Poll::Ready(Err(Broken::Io(error))) = result else {
        panic!("it is closed");
    };
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}

#[test]
fn what_is_left_of_a_request_is_written_while_its_reply_is_read() {
    let script = Scripted {
        reads: [Ok(OK.to_vec())].into(),
        writes: [Ok(3)].into(),
        ..Scripted::default()
    };
    let mut connection = begun(script);
    assert!(connection.poll_head(&mut cx()).is_ready());
    assert!(connection.poll_piece(&mut cx()).is_ready());
    // The reply is over, the request is not.
    assert!(connection.is_over());
    assert!(connection.check_rest(&mut cx()).is_err());
}

#[test]
fn only_long_pieces_are_parts_of_a_block() {
    for (length, is_copy) in [(SHORT - 100, true), (SHORT, false), (3 * BLOCK, false)] {
        let script = Scripted {
            reads: [
                Ok(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()),
                Ok(vec![b'x'; length]),
            ]
            .into(),
            ..Scripted::default()
        };
        let mut connection = begun(script);
        assert!(connection.poll_head(&mut cx()).is_ready());
        let mut read = 0;
        while let Poll::Ready(Ok(Some(piece))) = connection.poll_piece(&mut cx()) {
            read += piece.len();
            assert!(piece.len() <= BLOCK);
            assert_eq!(piece.try_into_mut().is_ok(), is_copy);
        }
        assert_eq!(read, length);
    }
}
