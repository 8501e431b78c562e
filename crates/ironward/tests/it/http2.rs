use std::net::SocketAddr;

use bytes::Bytes;
use h2::client::SendRequest;
use http::{Request, Response};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::rig::KEY;

/// Runs a client's HTTP/2 to its end.
pub(crate) fn run<T>(client: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(client)
}

/// Opens a connection without TLS, by prior knowledge. The task ends with the connection.
pub(crate) async fn connect(
    address: SocketAddr,
) -> (SendRequest<Bytes>, JoinHandle<Result<(), h2::Error>>) {
    connect_over(TcpStream::connect(address).await.expect("it listens")).await
}

/// Opens a connection over what is connected already.
pub(crate) async fn connect_over<S>(
    stream: S,
) -> (SendRequest<Bytes>, JoinHandle<Result<(), h2::Error>>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // The window of hyper's clients. h2 gives a peer up that sends many small frames in relation to
    // it, and five hundred streams of tokens are just that.
    let (client, connection) = h2::client::Builder::new()
        .initial_connection_window_size(5 << 20)
        .handshake(stream)
        .await
        .expect("HTTP/2");
    (client, tokio::spawn(connection))
}

/// The head of an authorised call.
#[track_caller]
pub(crate) fn head(path: &str) -> Request<()> {
    try_head(path).expect("a valid head")
}

/// The same, unless this is no path of a URI.
pub(crate) fn try_head(path: &str) -> Result<Request<()>, http::Error> {
    Request::post(format!("http://gateway{path}"))
        .header("authorization", format!("Bearer {KEY}"))
        .header("content-type", "application/json")
        .body(())
}

/// Sends a request and reads its whole reply.
pub(crate) async fn exchange(
    client: &SendRequest<Bytes>,
    head: Request<()>,
    body: &[u8],
) -> Result<Response<Vec<u8>>, h2::Error> {
    let mut client = client.clone().ready().await?;
    let (response, mut sending) = client.send_request(head, body.is_empty())?;
    if !body.is_empty() {
        sending.send_data(Bytes::copy_from_slice(body), true)?;
    }
    let (head, mut reading) = response.await?.into_parts();
    let mut bytes = Vec::new();
    while let Some(piece) = reading.data().await {
        let piece = piece?;
        reading.flow_control().release_capacity(piece.len())?;
        bytes.extend_from_slice(&piece);
    }
    Ok(Response::from_parts(head, bytes))
}
