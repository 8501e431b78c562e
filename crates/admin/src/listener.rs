use axum::serve::{ListenerExt as _, TapIo};
use tokio::net::{TcpListener, TcpStream};

/// Lets each connection send at once: two peers that both delay small packets lose 40 ms on every
/// request.
pub(crate) fn prompt(
    listener: TcpListener,
) -> TapIo<TcpListener, impl FnMut(&mut TcpStream) + Send + 'static> {
    listener.tap_io(|stream| {
        // One that is gone already says so when it is read.
        let _set = stream.set_nodelay(true);
    })
}

#[cfg(test)]
mod tests {
    use axum::serve::Listener as _;
    use tokio::net::{TcpListener, TcpStream};

    use super::prompt;

    #[tokio::test]
    async fn a_connection_delays_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let _peer = TcpStream::connect(address).await.unwrap();
        let (stream, _) = prompt(listener).accept().await;
        assert!(stream.nodelay().unwrap());
    }
}
