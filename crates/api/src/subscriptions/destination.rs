//! Where a webhook may go. A destination is a request that this service makes on somebody's word: unless the
//! configuration says otherwise it must be somewhere in the public internet, so that nobody reaches by it what stands
//! beside this service (OWASP: server-side request forgery).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use url::{Host, Url};

use crate::config::WebhooksConfig;
use crate::limits::{DELIVERY_ADDRESSES_MAX, DESTINATION_BYTES_MAX};

/// A URL that deliveries may go to, as far as its text tells.
#[derive(Clone)]
pub struct Destination {
    url: Url,
    host: Host<String>,
    port: u16,
}

impl std::fmt::Debug for Destination {
    /// Without path and query, which may hold a token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Destination")
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// Why a host cannot be delivered to.
#[derive(Debug, thiserror::Error)]
pub enum Unreachable {
    /// Its name has no address now.
    #[error("the host's name does not resolve")]
    Unresolved(#[source] std::io::Error),
    /// All its addresses are ones that are not delivered to.
    #[error("the host has no address that may be delivered to")]
    Forbidden,
}

impl Destination {
    /// Reads a destination.
    ///
    /// # Errors
    /// What is wrong with it, for a person.
    pub fn parse(text: &str, config: &WebhooksConfig) -> Result<Self, String> {
        if text.len() > DESTINATION_BYTES_MAX {
            return Err(format!("at most {DESTINATION_BYTES_MAX} bytes"));
        }
        let url = Url::parse(text).map_err(|error| format!("not a URL: {error}"))?;
        match url.scheme() {
            "https" => {}
            "http" if config.allow_http => {}
            "http" => return Err("only https:// is delivered to".to_owned()),
            _ => return Err("a URL that begins with https:// is needed".to_owned()),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("a destination carries no user name and no password; use `signatureToken`".to_owned());
        }
        if url.fragment().is_some() {
            return Err("a destination has no fragment".to_owned());
        }
        let host = url.host().ok_or("a host is needed")?.to_owned();
        let port = url.port_or_known_default().filter(|port| *port > 0).ok_or("a port is needed")?;
        let literal = match &host {
            Host::Ipv4(address) => Some(IpAddr::V4(*address)),
            Host::Ipv6(address) => Some(IpAddr::V6(*address)),
            Host::Domain(_) => None,
        };
        if literal.is_some_and(|address| !may_receive(address, config.allow_private)) {
            return Err(Unreachable::Forbidden.to_string());
        }
        Ok(Self { url, host, port })
    }

    /// Whether the way there is encrypted.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The host as TLS knows it (RFC 6066 section 3).
    #[must_use]
    pub fn host(&self) -> String {
        match &self.host {
            Host::Domain(name) => name.clone(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        }
    }

    /// The header `Host`.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.url.authority()
    }

    /// Path and query.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.url[url::Position::BeforePath..]
    }

    /// The host's addresses that may be delivered to, asked anew each time. Whoever connects uses these very addresses,
    /// so that a name cannot stand for another one between the check and the connection.
    ///
    /// # Errors
    /// [`Unreachable`].
    pub async fn addresses(&self, config: &WebhooksConfig) -> Result<Vec<SocketAddr>, Unreachable> {
        let found: Vec<SocketAddr> = match &self.host {
            Host::Ipv4(address) => vec![(*address, self.port).into()],
            Host::Ipv6(address) => vec![(*address, self.port).into()],
            Host::Domain(name) => tokio::net::lookup_host((name.as_str(), self.port))
                .await
                .map_err(Unreachable::Unresolved)?
                .collect(),
        };
        let allowed: Vec<_> = found
            .into_iter()
            .filter(|address| may_receive(address.ip(), config.allow_private))
            .take(DELIVERY_ADDRESSES_MAX)
            .collect();
        if allowed.is_empty() { Err(Unreachable::Forbidden) } else { Ok(allowed) }
    }
}

/// Whether an address may be delivered to.
#[must_use]
pub fn may_receive(address: IpAddr, allow_private: bool) -> bool {
    let address = address.to_canonical();
    let nobody = address.is_unspecified() || address.is_multicast() || address == Ipv4Addr::BROADCAST;
    let public = match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    };
    !nobody && (public || allow_private)
}

/// Whether it is none of the special-purpose addresses (IANA registry, RFC 6890).
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 31, 196)
            | (192, 52, 193)
            | (192, 88, 99)
            | (192, 168, _)
            | (192, 175, 48)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !special
}

/// Whether it is a global unicast address (2000::/3) and none of those of special purpose, among them the ways to an
/// address of IPv4: Teredo, 6to4.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let special = match first {
        0x2001 => second < 0x0200 || second == 0x0db8,
        0x2002 | 0x3ffe => true,
        0x2620 => second == 0x004f,
        0x3fff => second < 0x1000,
        _ => false,
    };
    (0x2000..0x4000).contains(&first) && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_receive() {
        for public in ["8.8.8.8", "172.15.0.1", "172.32.0.1", "100.128.0.1", "2606:4700::1", "2a00:1450::1"] {
            assert!(may_receive(public.parse().unwrap(), false), "{public}");
        }
        for private in [
            "127.0.0.1",
            "127.9.9.9",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.1",
            "192.0.2.7",
            "198.18.0.1",
            "240.0.0.1",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "fec0::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:0:7f00:1::",
            "2001:db8::1",
            "100::1",
            "3fff::1",
        ] {
            let address = private.parse().unwrap();
            assert!(!may_receive(address, false) && may_receive(address, true), "{private}");
        }
        for nobody in ["0.0.0.0", "::", "224.0.0.1", "ff02::1", "255.255.255.255", "::ffff:0.0.0.0"] {
            assert!(!may_receive(nobody.parse().unwrap(), true), "{nobody}");
        }
    }

    #[test]
    fn destinations_are_read_and_spelt_so_that_no_spelling_hides_an_address() {
        let strict = WebhooksConfig::default();
        let fine = Destination::parse("https://example.com/hook?a=1", &strict).unwrap();
        assert_eq!((fine.authority(), fine.target(), fine.is_https()), ("example.com", "/hook?a=1", true));
        assert_eq!(Destination::parse("https://example.com:8443", &strict).unwrap().target(), "/");
        for bad in [
            "",
            "example.com",
            "ftp://example.com",
            "http://example.com",
            "https://",
            "https://user@example.com",
            "https://:pass@example.com",
            "https://example.com/#x",
            "https://127.0.0.1",
            "https://2130706433",
            "https://0x7f.1",
            "https://0177.0.0.1",
            "https://[::1]",
            "https://[::ffff:169.254.169.254]/latest",
            "https://%31%32%37.0.0.1",
            "https://①②⑦.0.0.1",
            "file:///etc/passwd",
            "https://example.com:0",
        ] {
            assert!(Destination::parse(bad, &strict).is_err(), "{bad}");
        }
        let long = format!("https://example.com/{}", "x".repeat(DESTINATION_BYTES_MAX));
        assert!(Destination::parse(&long, &strict).is_err());
        let open = WebhooksConfig { allow_http: true, allow_private: true, key_file: None };
        let near = Destination::parse("http://[::1]:81/x", &open).unwrap();
        assert_eq!((near.authority(), near.host().as_str()), ("[::1]:81", "::1"));
        assert!(
            !format!("{:?}", Destination::parse("https://a.example/t?token=abc", &strict)).contains("token")
        );
    }

    #[tokio::test]
    async fn a_name_for_this_machine_has_no_address() {
        let strict = WebhooksConfig::default();
        let near = Destination::parse("https://localhost/x", &strict).unwrap();
        assert!(matches!(near.addresses(&strict).await, Err(Unreachable::Forbidden)));
    }
}
