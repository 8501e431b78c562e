use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use super::Client;

const UNREAD: Duration = Duration::from_secs(7);

async fn pair() -> (Client, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let peer = TcpStream::connect(address).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    (Client::new(stream, UNREAD).unwrap(), peer)
}

#[tokio::test]
async fn a_clients_socket_delays_nothing_and_notices_a_dead_peer() {
    let (client, _peer) = pair().await;
    let socket = SockRef::from(client.stream());
    assert!(socket.tcp_nodelay().unwrap());
    assert!(socket.keepalive().unwrap());
    #[cfg(target_os = "linux")]
    {
        assert_eq!(
            socket.tcp_user_timeout().unwrap(),
            Some(Duration::from_secs(60))
        );
        assert_eq!(socket.tcp_notsent_lowat().unwrap(), 64 << 10);
    }
}

#[tokio::test]
async fn who_reads_nothing_is_given_up_in_time_and_not_before() {
    let (mut client, mut peer) = pair().await;
    let megabyte = vec![0; 1 << 20];
    let reader = async {
        let mut all = vec![0; 20 << 20];
        peer.read_exact(&mut all).await.unwrap();
    };
    let writer = async {
        for _ in 0..20 {
            client.write_all(&megabyte).await.unwrap();
        }
    };
    tokio::join!(reader, writer);
    // And nobody who reads. Time stands still until this thread has nothing else to do; the kernel
    // may take some more bytes after that.
    tokio::time::pause();
    let mut wrote = Instant::now();
    let error = loop {
        match client.write(&megabyte).await {
            Ok(_) => wrote = Instant::now(),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    assert!(wrote.elapsed() >= UNREAD && wrote.elapsed() < UNREAD * 2);
}
