use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

/// Where a credential may be sent: scheme, host, port and base path, stored with the secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    /// Plain or TLS.
    pub scheme: Scheme,
    /// Host name in lower case, or an IP address (IPv6 without brackets).
    pub host: Box<str>,
    /// TCP port.
    pub port: u16,
    /// Path before every request's own path: empty, or starting and not ending with `/`.
    pub base_path: Box<str>,
    /// Which addresses the host may resolve to.
    pub reach: Reach,
}

/// Plain HTTP or TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

/// Which addresses an origin's host may resolve to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// Public addresses only; a name that suddenly resolves to a private one is refused.
    Public,
    /// Loopback and private networks too: the operator wrote it so. Link-local and cloud metadata
    /// addresses stay refused unless the host is that very address.
    Private,
}

/// Why a URL is not an origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidOrigin(pub(crate) &'static str);

impl fmt::Display for InvalidOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for InvalidOrigin {}

impl Origin {
    /// Reads `http(s)://host[:port][/base/path]`.
    ///
    /// A host that can only mean this machine or this network (an IP address outside the public
    /// ranges, `localhost`, a name without a dot or below `.internal`, `.local`, `.lan`,
    /// `.home.arpa`) is [`Reach::Private`] by its spelling; every other host is
    /// [`Reach::Public`] until the operator says otherwise.
    ///
    /// # Errors
    /// When the URL is not absolute, has another scheme, a user, a query or a fragment.
    pub fn parse(url: &str) -> Result<Self, InvalidOrigin> {
        if url.contains('#') {
            return Err(InvalidOrigin("a base URL has no fragment (#...)"));
        }
        let uri: http::Uri = url.trim().parse().map_err(|_| InvalidOrigin("not a URL"))?;
        let scheme = match uri.scheme_str() {
            Some("https") => Scheme::Https,
            Some("http") => Scheme::Http,
            Some(_) => return Err(InvalidOrigin("the scheme has to be http or https")),
            None => {
                return Err(InvalidOrigin(
                    "write it with its scheme: https://host[:port]/path",
                ));
            }
        };
        let authority = uri
            .authority()
            .ok_or(InvalidOrigin("the URL names no host"))?;
        if authority.as_str().contains('@') {
            return Err(InvalidOrigin(
                "a base URL carries no user or password; use api_key",
            ));
        }
        if uri.query().is_some() {
            return Err(InvalidOrigin("a base URL has no query (?...)"));
        }
        let host = authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']');
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        if host.is_empty() {
            return Err(InvalidOrigin("the URL names no host"));
        }
        if !is_host(&host) {
            return Err(InvalidOrigin("the host is neither a name nor an address"));
        }
        let port = match authority
            .as_str()
            .strip_prefix(authority.host())
            .unwrap_or_default()
        {
            "" => scheme.default_port(),
            written => match written.trim_start_matches(':').parse() {
                Ok(0) | Err(_) => return Err(InvalidOrigin("the port has to be 1 to 65535")),
                Ok(port) => port,
            },
        };
        if !uri.path().bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidOrigin(
                "the path has characters that have to be percent-encoded",
            ));
        }
        if uri
            .path()
            .split('/')
            .any(|segment| segment == "." || segment == "..")
        {
            return Err(InvalidOrigin(
                "the path of a base URL has no . or .. segments",
            ));
        }
        let base_path = uri.path().trim_end_matches('/').into();
        let reach = if is_private_by_spelling(&host) {
            Reach::Private
        } else {
            Reach::Public
        };
        Ok(Self {
            scheme,
            host: host.into(),
            port,
            base_path,
            reach,
        })
    }

    /// Scheme, host and port alone, as people write them.
    #[must_use]
    pub fn site(&self) -> String {
        let mut site = self.clone();
        site.base_path = "".into();
        site.to_string()
    }

    /// Whether `address` may be dialled for this origin.
    #[must_use]
    pub fn admits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        if self
            .host
            .parse::<IpAddr>()
            .is_ok_and(|literal| literal.to_canonical() == address)
        {
            return true;
        }
        match self.reach {
            Reach::Public => is_public(address),
            Reach::Private => {
                !is_link_local(address) && !address.is_unspecified() && !address.is_multicast()
            }
        }
    }
}

impl Scheme {
    /// 80 or 443.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]", self.host)?;
        } else {
            write!(f, "{scheme}://{}", self.host)?;
        }
        if self.port != self.scheme.default_port() {
            write!(f, ":{}", self.port)?;
        }
        f.write_str(&self.base_path)
    }
}

fn is_host(host: &str) -> bool {
    let is_name = |host: &str| {
        host.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
    };
    is_name(host) || host.parse::<IpAddr>().is_ok()
}

fn is_private_by_spelling(host: &str) -> bool {
    const SUFFIXES: [&str; 6] = [
        ".internal",
        ".local",
        ".localhost",
        ".lan",
        ".home.arpa",
        ".svc",
    ];
    match host.parse::<IpAddr>() {
        Ok(address) => !is_public(address.to_canonical()),
        Err(_) => !host.contains('.') || SUFFIXES.iter().any(|suffix| host.ends_with(suffix)),
    }
}

/// Link-local ranges hold the clouds' metadata services (169.254.169.254, `fd00:ec2::254`).
fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local() || v4 == Ipv4Addr::new(100, 100, 100, 200),
        IpAddr::V6(v6) => {
            let segments = v6.segments();
            (segments[0] & 0xffc0) == 0xfe80 || (segments[0] == 0xfd00 && segments[1] == 0x0ec2)
        }
    }
}

/// Global unicast by the IANA special-purpose registries (RFC 6890 and its updates); translation
/// prefixes (NAT64, 6to4, Teredo) are refused because they can carry a private address.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            !(v4.is_unspecified()
                || v4.is_loopback()
                || v4.is_private()
                || v4.is_link_local()
                || v4.is_broadcast()
                || v4.is_documentation()
                || v4.is_multicast()
                || a == 0
                || (a == 100 && (b & 0xc0) == 64)
                || (a == 192 && b == 0 && c == 0)
                || (a == 192 && b == 88 && c == 99)
                || (a == 198 && (b & 0xfe) == 18)
                || a >= 240)
        }
        IpAddr::V6(v6) => {
            let [a, b, ..] = v6.segments();
            (a & 0xe000) == 0x2000
                && a != 0x2002
                && !(a == 0x2001 && b < 0x0200)
                && !(a == 0x2001 && b == 0x0db8)
                && a != 0x3fff
        }
    }
}

#[cfg(test)]
mod tests;
