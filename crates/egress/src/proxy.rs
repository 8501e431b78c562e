use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Uri};
use ironward_core::Scheme;
use ironward_secret::Secret;
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use crate::endpoint::Endpoint;
use crate::{InvalidSettings, ProxySettings};

/// How an endpoint is reached.
#[derive(Clone)]
pub(crate) enum Way {
    /// Dialled itself.
    Direct,
    /// Through a tunnel that the proxy opens (`CONNECT`); TLS runs inside it.
    Tunnel(Arc<Proxy>),
    /// Plain HTTP that the proxy passes on: it is sent the absolute URI.
    Forward(Arc<Proxy>),
}

/// A proxy, with the header that it wants.
pub(crate) struct Proxy {
    pub(crate) host: Box<str>,
    pub(crate) port: u16,
    pub(crate) authorization: Option<HeaderValue>,
}

/// Which endpoints go through which proxy.
#[derive(Default)]
pub(crate) struct Proxies {
    http: Option<Arc<Proxy>>,
    https: Option<Arc<Proxy>>,
    bypass: Vec<Bypass>,
}

/// One entry of `NO_PROXY`.
enum Bypass {
    Everything,
    Host { name: Box<str>, port: Option<u16> },
    Address { address: IpAddr, port: Option<u16> },
    Network { address: IpAddr, bits: u8 },
}

impl Proxies {
    pub(crate) fn new(settings: &ProxySettings) -> Result<Self, InvalidSettings> {
        let proxy = |name, url: &Option<String>| match url.as_deref().map(str::trim) {
            None | Some("") => Ok(None),
            Some(url) => Proxy::parse(url).map(Arc::new).map(Some).map_err(|reason| {
                // The URL itself may hold a password.
                InvalidSettings(format!("the proxy URL of {name} cannot be used: {reason}"))
            }),
        };
        Ok(Self {
            http: proxy("HTTP_PROXY", &settings.http)?,
            https: proxy("HTTPS_PROXY", &settings.https)?,
            bypass: settings
                .no_proxy
                .as_deref()
                .unwrap_or_default()
                .split(',')
                .filter_map(|entry| Bypass::parse(entry.trim()))
                .collect(),
        })
    }

    pub(crate) fn way(&self, endpoint: &Endpoint) -> Way {
        let proxy = match endpoint.scheme() {
            Scheme::Http => &self.http,
            Scheme::Https => &self.https,
        };
        match proxy {
            None => Way::Direct,
            Some(_) if is_this_machine(endpoint) => Way::Direct,
            Some(_) if self.bypass.iter().any(|entry| entry.covers(endpoint)) => Way::Direct,
            Some(proxy) => match endpoint.scheme() {
                Scheme::Http => Way::Forward(Arc::clone(proxy)),
                Scheme::Https => Way::Tunnel(Arc::clone(proxy)),
            },
        }
    }
}

impl Proxy {
    fn parse(url: &str) -> Result<Self, &'static str> {
        let uri: Uri = if url.contains("://") {
            url.parse()
        } else {
            format!("http://{url}").parse()
        }
        .map_err(|_| "it is not a URL")?;
        if uri.scheme_str() != Some("http") {
            return Err("only http:// proxies are supported");
        }
        let authority = uri.authority().ok_or("it names no host")?;
        let host = authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']');
        if host.is_empty() {
            return Err("it names no host");
        }
        let authorization = match authority.as_str().rsplit_once('@') {
            None => None,
            Some((user, _)) => {
                let user: Zeroizing<Vec<u8>> = Zeroizing::new(percent_decode_str(user).collect());
                let encoded = Secret::new(STANDARD.encode(&*user));
                let value = encoded.header("Basic ");
                Some(value.map_err(|_| "its user or password cannot be sent")?)
            }
        };
        Ok(Self {
            host: host.into(),
            port: authority.port_u16().unwrap_or(80),
            authorization,
        })
    }
}

impl Bypass {
    fn parse(entry: &str) -> Option<Self> {
        if entry.is_empty() {
            return None;
        }
        if entry == "*" {
            return Some(Self::Everything);
        }
        if let Some((address, bits)) = entry.split_once('/') {
            return Some(Self::Network {
                address: address.parse().ok()?,
                bits: bits.parse().ok()?,
            });
        }
        let bare = entry.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse() {
            return Some(Self::Address {
                address,
                port: None,
            });
        }
        let (name, port) = match entry.rsplit_once(':') {
            Some((name, port)) => (name, Some(port.parse().ok()?)),
            None => (entry, None),
        };
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse() {
            return Some(Self::Address { address, port });
        }
        let name = name.trim_start_matches("*.").trim_matches('.');
        (!name.is_empty()).then(|| Self::Host {
            name: name.to_ascii_lowercase().into(),
            port,
        })
    }

    fn covers(&self, endpoint: &Endpoint) -> bool {
        let on = |port: &Option<u16>| port.is_none_or(|port| port == endpoint.port());
        match self {
            Self::Everything => true,
            Self::Host { name, port } => {
                on(port) && endpoint.literal().is_none() && is_below(endpoint.host(), name)
            }
            Self::Address { address, port } => {
                on(port)
                    && endpoint
                        .literal()
                        .is_some_and(|literal| literal.to_canonical() == address.to_canonical())
            }
            Self::Network { address, bits } => endpoint
                .literal()
                .is_some_and(|literal| is_within(literal.to_canonical(), *address, *bits)),
        }
    }
}

/// Whether `host` is `name` or a subdomain of it.
fn is_below(host: &str, name: &str) -> bool {
    host.strip_suffix(name)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn is_within(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let differing = address.to_bits() ^ network.to_bits();
            bits <= 32 && differing.leading_zeros() >= u32::from(bits)
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let differing = address.to_bits() ^ network.to_bits();
            bits <= 128 && differing.leading_zeros() >= u32::from(bits)
        }
        _ => false,
    }
}

fn is_this_machine(endpoint: &Endpoint) -> bool {
    match endpoint.literal() {
        Some(address) => address.to_canonical().is_loopback(),
        None => is_below(endpoint.host(), "localhost"),
    }
}

#[cfg(test)]
mod tests;
