use std::hash::{Hash, Hasher};
use std::net::IpAddr;

use http::HeaderValue;
use http::uri::Authority;
use ironward_core::{Origin, Reach, Scheme};
use rustls_pki_types::ServerName;

use crate::InvalidCredential;

/// An origin in the forms that a connection needs, made once per credential.
///
/// Two credentials of one endpoint share connections. `reach` is part of the identity: a connection
/// that one origin was allowed to make to a private address must not serve another that was not.
pub(crate) struct Endpoint {
    origin: Origin,
    host_header: HeaderValue,
    authority: Authority,
    server_name: Option<ServerName<'static>>,
    literal: Option<IpAddr>,
}

impl Endpoint {
    pub(crate) fn new(mut origin: Origin) -> Result<Self, InvalidCredential> {
        origin.base_path = Box::default();
        let literal = origin.host.parse::<IpAddr>().ok();
        let brackets = matches!(literal, Some(IpAddr::V6(_)));
        let mut text = if brackets {
            format!("[{}]", origin.host)
        } else {
            String::from(&*origin.host)
        };
        if origin.port != origin.scheme.default_port() {
            text = format!("{text}:{}", origin.port);
        }
        let invalid = || InvalidCredential("the origin's host is not a host name or an address");
        let authority: Authority = text.parse().map_err(|_| invalid())?;
        let host_header = HeaderValue::from_str(&text).map_err(|_| invalid())?;
        let server_name = match (origin.scheme, literal) {
            (Scheme::Http, _) => None,
            (Scheme::Https, Some(address)) => Some(ServerName::IpAddress(address.into())),
            (Scheme::Https, None) => {
                Some(ServerName::try_from(String::from(&*origin.host)).map_err(|_| invalid())?)
            }
        };
        Ok(Self {
            origin,
            host_header,
            authority,
            server_name,
            literal,
        })
    }

    pub(crate) fn scheme(&self) -> Scheme {
        self.origin.scheme
    }

    pub(crate) fn host(&self) -> &str {
        &self.origin.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.origin.port
    }

    /// The address, when the host is written as one.
    pub(crate) fn literal(&self) -> Option<IpAddr> {
        self.literal
    }

    /// Whether the operator allowed private addresses.
    pub(crate) fn is_private(&self) -> bool {
        self.origin.reach == Reach::Private
    }

    pub(crate) fn admits(&self, address: IpAddr) -> bool {
        self.origin.admits(address)
    }

    pub(crate) fn host_header(&self) -> &HeaderValue {
        &self.host_header
    }

    pub(crate) fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The name that the certificate has to carry; `None` for plain HTTP.
    pub(crate) fn server_name(&self) -> Option<&ServerName<'static>> {
        self.server_name.as_ref()
    }

    /// The host for a message that a client reads: an address of ours is none of its business.
    pub(crate) fn shown(&self) -> &str {
        match self.literal {
            Some(_) => "the provider's address",
            None => &self.origin.host,
        }
    }
}

impl PartialEq for Endpoint {
    fn eq(&self, other: &Self) -> bool {
        self.origin == other.origin
    }
}

impl Eq for Endpoint {}

impl Hash for Endpoint {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.origin.hash(state);
    }
}
