use socket2::SockRef;
use tokio::net::TcpListener;

use super::{DEAD_AFTER, open};

#[tokio::test]
async fn a_connection_delays_nothing_and_notices_a_dead_peer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stream = open(listener.local_addr().unwrap()).await.unwrap();
    let socket = SockRef::from(&stream);
    assert!(socket.tcp_nodelay().unwrap());
    assert!(socket.keepalive().unwrap());
    #[cfg(target_os = "linux")]
    assert_eq!(socket.tcp_user_timeout().unwrap(), Some(DEAD_AFTER));
}
