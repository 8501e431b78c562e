mod codes;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use codes::Codes;

/// An issuer of tokens on 127.0.0.1, with discovery and one RSA key.
pub struct Issuer {
    address: SocketAddr,
    key: Arc<RsaKeyPair>,
    codes: Arc<Codes>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

const DISCOVERY: &str = "/.well-known/openid-configuration";
const KEYS: &str = "/keys";
const TOKEN: &str = "/token";

impl Issuer {
    /// What its client proves itself with.
    pub const SECRET: &str = "a-secret of this+issuer%and nobody else";

    /// The audience of its tokens.
    pub const AUDIENCE: &str = "gateway";

    /// Listens on a free port.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let key = Arc::new(RsaKeyPair::generate(KeySize::Rsa2048).expect("a key"));
        let stop = Arc::new(AtomicBool::new(false));
        let codes = Arc::new(Codes::default());
        let (flag, public) = (Arc::clone(&stop), Arc::clone(&key));
        let known = Arc::clone(&codes);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if flag.load(Ordering::SeqCst) {
                    return;
                }
                // A client that hangs up is its own affair.
                let _gone = stream.and_then(|stream| answer(stream, address, (&public, &known)));
            }
        });
        Self {
            address,
            key,
            codes,
            stop,
            thread: Some(thread),
        }
    }

    /// The `iss` of its tokens.
    #[must_use]
    pub fn url(&self) -> String {
        url(self.address)
    }

    /// The lines of a configuration that trust it.
    #[must_use]
    pub fn config(&self) -> String {
        format!(
            "ironward:\n  issuers:\n    - issuer: {}\n      audience: {}\n      algorithms: [RS256]\n",
            self.url(),
            Self::AUDIENCE,
        )
    }

    /// The lines of `ironward.login` by which people log in with it.
    #[must_use]
    pub fn login_config(&self, redirect_url: &str) -> String {
        format!(
            "  login:\n    issuer: {}\n    client_id: {}\n    client_secret: {}\n    redirect_url: {redirect_url}\n",
            self.url(),
            Self::AUDIENCE,
            Self::SECRET,
        )
    }

    /// From now on `code` stands for this token, once, for whoever knows what `challenge` was made
    /// of (RFC 7636).
    pub fn give(&self, code: &str, challenge: &str, token: String) {
        self.codes.give(code, challenge, token);
    }

    /// How many codes were asked for, good or not.
    #[must_use]
    pub fn exchanges(&self) -> usize {
        self.codes.asked()
    }

    /// What it answers at this path.
    #[must_use]
    pub fn document(&self, path: &str) -> Option<String> {
        document(path, self.address, &self.key)
    }

    /// Claims of a token for `subject` that ends `seconds` since 1970.
    #[must_use]
    pub fn claims(&self, subject: &str, seconds: u64) -> Value {
        json!({"iss": self.url(), "sub": subject, "aud": Self::AUDIENCE, "exp": seconds})
    }

    /// A token with these claims, signed as it should be.
    #[must_use]
    pub fn token(&self, claims: &Value) -> String {
        self.token_with(&json!({"alg": "RS256", "typ": "JWT", "kid": "k"}), claims)
    }

    /// The same with another header.
    ///
    /// # Panics
    /// When the key cannot sign.
    #[must_use]
    pub fn token_with(&self, header: &Value, claims: &Value) -> String {
        let signed = joined(header, claims);
        let mut signature = vec![0; self.key.public_modulus_len()];
        let random = SystemRandom::new();
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &random,
                signed.as_bytes(),
                &mut signature,
            )
            .expect("an RSA key signs");
        format!("{signed}.{}", encode(&signature))
    }

    /// What takes the public key for a shared secret: a token that is signed with it by HMAC, for
    /// each way in which the key is written.
    ///
    /// # Panics
    /// When the key cannot be written.
    #[must_use]
    pub fn confused_tokens(&self, claims: &Value) -> Vec<String> {
        let spki: PublicKeyX509Der<'_> = self.key.public_key().as_der().expect("a public key");
        let pkcs1 = self.key.public_key().as_ref();
        let pem = |label: &str, der: &[u8]| {
            let text = STANDARD.encode(der);
            let lines: Vec<_> = text
                .as_bytes()
                .chunks(64)
                .map(String::from_utf8_lossy)
                .collect();
            let lines = lines.join("\n");
            format!("-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n").into_bytes()
        };
        let secrets = [
            spki.as_ref().to_vec(),
            pkcs1.to_vec(),
            pem("PUBLIC KEY", spki.as_ref()),
            pem("RSA PUBLIC KEY", pkcs1),
            modulus(pkcs1).to_vec(),
            encode(modulus(pkcs1)).into_bytes(),
            Vec::new(),
        ];
        let header = json!({"alg": "HS256", "typ": "JWT", "kid": "k"});
        let signed = joined(&header, claims);
        let sign = |secret: Vec<u8>| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
            let tag = hmac::sign(&key, signed.as_bytes());
            format!("{signed}.{}", encode(tag.as_ref()))
        };
        secrets.into_iter().map(sign).collect()
    }
}

/// A token without a signature that means anything.
#[must_use]
pub fn unsigned_token(header: &Value, claims: &Value, signature: &str) -> String {
    format!("{}.{signature}", joined(header, claims))
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the accept loop, which then sees the flag.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

fn joined(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| encode(value.to_string().as_bytes());
    format!("{}.{}", part(header), part(claims))
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn answer(
    mut stream: TcpStream,
    address: SocketAddr,
    (key, codes): (&RsaKeyPair, &Codes),
) -> std::io::Result<()> {
    let (mut path, mut length, mut authorization) = (None, 0, String::new());
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? <= 2 {
            break;
        }
        let line = line.trim_end();
        if let Some((name, value)) = line.split_once(": ") {
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().unwrap_or_default(),
                "authorization" => value.clone_into(&mut authorization),
                _ => {}
            }
        }
        path = path.or_else(|| line.split(' ').nth(1).map(str::to_owned));
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let path = path.unwrap_or_default();
    let (status, body) = if path == TOKEN {
        codes.exchange(&authorization, &String::from_utf8_lossy(&body))
    } else {
        match document(&path, address, key) {
            Some(body) => ("200 OK", body),
            None => ("404 Not Found", String::new()),
        }
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

fn document(path: &str, address: SocketAddr, key: &RsaKeyPair) -> Option<String> {
    let url = url(address);
    match path {
        DISCOVERY => {
            let document = json!({
                "issuer": url, "jwks_uri": format!("{url}{KEYS}"),
                "authorization_endpoint": format!("{url}/authorize"),
                "token_endpoint": format!("{url}{TOKEN}"),
            });
            Some(document.to_string())
        }
        KEYS => {
            let n = encode(modulus(key.public_key().as_ref()));
            let key = json!({"kty": "RSA", "kid": "k", "use": "sig", "n": n, "e": "AQAB"});
            Some(json!({"keys": [key]}).to_string())
        }
        _ => None,
    }
}

/// The modulus of an `RSAPublicKey` of 2048 bits (RFC 8017, appendix A.1.1): behind two headers of
/// four bytes and the zero that says it is positive.
fn modulus(pkcs1: &[u8]) -> &[u8] {
    &pkcs1[9..9 + 256]
}
