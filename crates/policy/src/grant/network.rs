use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A range of addresses, as CIDR writes it. An IPv4 address in IPv6's form (`::ffff:a.b.c.d`) is
/// the IPv4 address, in a network and out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network {
    first: IpAddr,
    prefix: u8,
}

impl Network {
    /// Reads `10.0.0.0/8`, `2001:db8::/32`, or one address.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let unreadable = || "not a network; write it as 10.0.0.0/8 or 2001:db8::/32".to_owned();
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| unreadable())?;
        let width = width(address);
        let prefix = match prefix {
            None => width,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits
                .parse()
                .ok()
                .filter(|prefix| *prefix <= width)
                .ok_or_else(unreadable)?,
            Some(_) => return Err(unreadable()),
        };
        let first = truncate(address, prefix);
        if first != address {
            return Err(format!(
                "has bits beyond its prefix; write {first}/{prefix}"
            ));
        }
        Ok(match (address.to_canonical(), prefix.checked_sub(96)) {
            (IpAddr::V4(v4), Some(prefix)) if address.is_ipv6() => Self {
                first: v4.into(),
                prefix,
            },
            _ => Self {
                first: address,
                prefix,
            },
        })
    }

    pub(super) fn covers(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.first.is_ipv4() && truncate(address, self.prefix) == self.first
    }

    pub(super) fn contains(self, other: Self) -> bool {
        self.prefix <= other.prefix
            && self.first.is_ipv4() == other.first.is_ipv4()
            && truncate(other.first, self.prefix) == self.first
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

const fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// The first address of the network of this size that `address` is in.
fn truncate(address: IpAddr, prefix: u8) -> IpAddr {
    let host_bits = u32::from(width(address).saturating_sub(prefix));
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(host_bits).unwrap_or(0);
            Ipv4Addr::from_bits(v4.to_bits() & mask).into()
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
            Ipv6Addr::from_bits(v6.to_bits() & mask).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Network;

    fn network(text: &str) -> Network {
        Network::read(text).unwrap()
    }

    #[test]
    fn a_network_covers_its_addresses() {
        for (text, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.6"),
            ("0.0.0.0/0", "203.0.113.9", "::1"),
            ("2001:db8::/32", "2001:db8:1::5", "2001:db9::"),
            ("::/0", "2001:db8::1", "10.0.0.1"),
            ("::ffff:10.0.0.0/104", "10.1.2.3", "2001:db8::1"),
            ("10.0.0.0/8", "::ffff:10.1.2.3", "::10.1.2.3"),
        ] {
            assert!(network(text).covers(inside.parse().unwrap()), "{text}");
            assert!(!network(text).covers(outside.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused_with_what_to_write() {
        for text in ["", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/+8", "10/8", "*"] {
            assert!(Network::read(text).is_err(), "{text}");
        }
        assert_eq!(
            Network::read("10.1.0.0/8").unwrap_err(),
            "has bits beyond its prefix; write 10.0.0.0/8"
        );
    }

    proptest! {
        #[test]
        fn what_it_contains_it_covers(
            wide in (0u32..4, 0u8..=32), narrow in (0u32..4, 0u8..=32), host: u32,
        ) {
            let cut = |(top, prefix): (u32, u8)| {
                let first = super::truncate(std::net::Ipv4Addr::from_bits(top << 30).into(), prefix);
                network(&format!("{first}/{prefix}"))
            };
            let (wide, narrow) = (cut(wide), cut(narrow));
            let address = std::net::Ipv4Addr::from_bits(host).into();
            if wide.contains(narrow) && narrow.covers(address) {
                prop_assert!(wide.covers(address));
            }
            prop_assert!(network("0.0.0.0/0").contains(wide));
        }
    }
}
