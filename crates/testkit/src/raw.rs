//! A minimal HTTP/1.1 client over a plain socket: it sends whatever bytes it is given, malformed
//! ones included, and reads what comes back.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use tokio::net::TcpSocket;
use tokio::runtime::Builder;

/// One connection.
pub struct Connection {
    stream: Box<dyn Stream>,
    /// The socket under `stream`.
    socket: TcpStream,
    /// Read from the socket and not yet given away.
    pending: Vec<u8>,
}

/// What a connection reads from and writes to: a socket, or TLS over one.
pub trait Stream: Read + Write + Send {}

impl<T: Read + Write + Send> Stream for T {}

/// A reply: its head, and its body when it was read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Header names in lower case, in the order they came.
    pub headers: Vec<(String, String)>,
    /// The body without its transfer coding.
    pub body: Vec<u8>,
    /// Whether the body ended as its framing says; false when the connection was cut.
    pub complete: bool,
}

impl Reply {
    /// The first value of a header, by its lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in a {} reply: {}", self.status, self.text()))
    }
}

impl Connection {
    /// Connects, with 10 s for each read and write.
    ///
    /// # Errors
    /// When the address does not answer.
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        Self::over(TcpStream::connect_timeout(&address, PATIENCE)?)
    }

    /// Connects from this address of this machine, as somebody else than from another one.
    ///
    /// # Errors
    /// When it is none of this machine's, or `address` does not answer.
    pub fn open_from(source: IpAddr, address: SocketAddr) -> io::Result<Self> {
        Self::over(connect_from(source, address)?)
    }

    fn over(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self {
            socket: stream.try_clone()?,
            stream: Box::new(stream),
            pending: Vec::new(),
        })
    }

    /// Puts `secure` over the socket, TLS for one.
    ///
    /// # Errors
    /// When `secure` fails, or the system is out of sockets.
    pub fn secured<S: Stream + 'static>(
        self,
        secure: impl FnOnce(TcpStream) -> io::Result<S>,
    ) -> io::Result<Self> {
        let stream = Box::new(secure(self.socket.try_clone()?)?);
        Ok(Self { stream, ..self })
    }

    /// Sends exactly these bytes.
    ///
    /// # Errors
    /// When the peer has closed, or does not take them in time.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Tells the peer that nothing more will come.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn finish_sending(&self) -> io::Result<()> {
        self.socket.shutdown(Shutdown::Write)
    }

    /// How long a read may take from now on.
    ///
    /// # Errors
    /// When the system refuses the value.
    pub fn set_patience(&self, patience: Duration) -> io::Result<()> {
        self.socket.set_read_timeout(Some(patience))
    }

    /// Reads one reply with its whole body.
    ///
    /// # Errors
    /// When no complete head arrives. A body that is cut short is no error: see
    /// [`Reply::complete`].
    pub fn read_reply(&mut self) -> io::Result<Reply> {
        let mut reply = self.read_head()?;
        let framing = Framing::of(&reply);
        reply.complete = self.read_body(&framing, &mut reply.body).is_ok();
        Ok(reply)
    }

    /// Reads a reply's head only; [`Connection::read_piece`] then gives the raw body bytes.
    ///
    /// # Errors
    /// When no complete head arrives.
    pub fn read_head(&mut self) -> io::Result<Reply> {
        loop {
            let end = memchr::memmem::find(&self.pending, b"\r\n\r\n");
            if let Some(end) = end {
                let head: Vec<u8> = self.pending.drain(..end + 4).collect();
                let reply = parse_head(&head)?;
                // An interim reply (100 Continue) announces another one.
                if reply.status >= 200 {
                    return Ok(reply);
                }
            } else if self.fill()? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// The next bytes as they come, with their transfer coding; empty at the end.
    ///
    /// # Errors
    /// When nothing comes in time, or the connection breaks.
    pub fn read_piece(&mut self) -> io::Result<Vec<u8>> {
        if self.pending.is_empty() {
            self.fill()?;
        }
        Ok(std::mem::take(&mut self.pending))
    }

    fn read_body(&mut self, framing: &Framing, body: &mut Vec<u8>) -> io::Result<()> {
        match *framing {
            Framing::Length(length) => self.take(length, body),
            Framing::Chunked => loop {
                let line = self.line()?;
                let size = line.split(';').next().unwrap_or_default().trim();
                let size = usize::from_str_radix(size, 16).map_err(io::Error::other)?;
                if size == 0 {
                    while !self.line()?.is_empty() {}
                    return Ok(());
                }
                self.take(size, body)?;
                self.line()?;
            },
            Framing::UntilClosed => {
                body.append(&mut self.pending);
                while self.fill()? > 0 {
                    body.append(&mut self.pending);
                }
                Ok(())
            }
        }
    }

    fn take(&mut self, mut length: usize, body: &mut Vec<u8>) -> io::Result<()> {
        loop {
            let ready = length.min(self.pending.len());
            body.extend(self.pending.drain(..ready));
            length -= ready;
            if length == 0 {
                return Ok(());
            }
            if self.fill()? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = memchr::memmem::find(&self.pending, b"\r\n") {
                let line: Vec<u8> = self.pending.drain(..end + 2).collect();
                return Ok(String::from_utf8_lossy(&line).trim().to_owned());
            }
            if self.fill()? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    fn fill(&mut self) -> io::Result<usize> {
        let mut buffer = [0; 16 * 1024];
        let length = self.stream.read(&mut buffer)?;
        self.pending
            .extend_from_slice(buffer.get(..length).unwrap_or_default());
        Ok(length)
    }
}

/// A plain socket that comes from this address of this machine.
///
/// # Errors
/// When it is none of this machine's, or `address` does not answer.
pub fn connect_from(source: IpAddr, address: SocketAddr) -> io::Result<TcpStream> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let stream = runtime.block_on(async {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::new(source, 0))?;
        socket.connect(address).await?.into_std()
    })?;
    stream.set_nonblocking(false)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Sends one request made of these bytes on a connection of its own and reads the reply.
///
/// # Errors
/// When the connection fails before a complete head arrives.
pub fn exchange(address: SocketAddr, request: &[u8]) -> io::Result<Reply> {
    let mut connection = Connection::open(address)?;
    connection.send(request)?;
    connection.read_reply()
}

/// Sends a well-formed request on a connection of its own and reads the reply.
///
/// # Errors
/// When the connection fails before a complete head arrives.
pub fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Reply> {
    let mut connection = Connection::open(address)?;
    connection.send(&format_request(method, path, headers, body))?;
    if method == "HEAD" {
        // Its head announces a body that does not come.
        let head = connection.read_head()?;
        return Ok(Reply {
            complete: true,
            ..head
        });
    }
    connection.read_reply()
}

/// The bytes of a well-formed request, to be sent whole or in pieces.
#[must_use]
pub fn format_request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{method} {path} HTTP/1.1\r\n");
    if !headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("host"))
    {
        bytes.push_str("host: 127.0.0.1\r\n");
    }
    for (name, value) in headers {
        bytes.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        bytes.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    bytes.push_str("\r\n");
    let mut bytes = bytes.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// How the end of a body is found.
enum Framing {
    Length(usize),
    Chunked,
    UntilClosed,
}

impl Framing {
    fn of(reply: &Reply) -> Self {
        if reply.status == 204 || reply.status == 304 {
            return Self::Length(0);
        }
        if reply
            .header("transfer-encoding")
            .is_some_and(|coding| coding.ends_with("chunked"))
        {
            return Self::Chunked;
        }
        reply
            .header("content-length")
            .and_then(|length| length.parse().ok())
            .map_or(Self::UntilClosed, Self::Length)
    }
}

fn parse_head(head: &[u8]) -> io::Result<Reply> {
    let text = String::from_utf8_lossy(head);
    let mut lines = text.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .and_then(|status| status.parse().ok())
        .ok_or_else(|| io::Error::other("not an HTTP reply"))?;
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    Ok(Reply {
        status,
        headers,
        body: Vec::new(),
        complete: false,
    })
}

const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
