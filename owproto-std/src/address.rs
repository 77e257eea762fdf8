use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

/// The port of owserver, registered with IANA.
pub const DEFAULT_PORT: u16 = 4304;

/// The address of an owserver: a host, by its name or its IPv4 or IPv6 address, and a port.
///
/// ```
/// use owproto_std::Address;
/// assert_eq!("cellar".parse::<Address>()?.to_string(), "cellar:4304");
/// assert_eq!("10.0.0.7:4305".parse::<Address>()?.port(), 4305);
/// assert_eq!("[::1]:4305".parse::<Address>()?.host(), "::1");
/// assert_eq!("::1".parse::<Address>()?.to_string(), "[::1]:4304");
/// # Ok::<(), owproto_std::AddressError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Address {
    host: String,
    port: u16,
}

impl Address {
    /// The address with this host and port.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port }
    }

    /// The host, without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }
}

/// `localhost:4304`.
impl Default for Address {
    fn default() -> Self {
        Self::new("localhost", DEFAULT_PORT)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Parses `HOST`, `HOST:PORT`, `:PORT`, an IPv6 address, or one in brackets with or without a port. The default host is
/// `localhost`, the default port 4304.
impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let error = || AddressError { text: text.to_owned() };
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let (host, suffix) = rest.split_once(']').ok_or_else(error)?;
            match suffix.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None if suffix.is_empty() => (host, None),
                None => return Err(error()),
            }
        } else {
            match text.split_once(':') {
                // More than one colon: an IPv6 address without brackets.
                Some((_, rest)) if rest.contains(':') => (text, None),
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            }
        };
        let port = match port {
            Some(port) => port.parse().ok().filter(|&port| port != 0).ok_or_else(error)?,
            None => DEFAULT_PORT,
        };
        if host.contains(|c: char| c.is_whitespace() || c == '/') || text.is_empty() {
            return Err(error());
        }
        Ok(Self::new(if host.is_empty() { "localhost" } else { host }, port))
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::new(address.ip().to_string(), address.port())
    }
}

/// A text is not a valid [`Address`].
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{text:?} is not an address of the form HOST[:PORT]")]
pub struct AddressError {
    text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_an_address_is_parsed() {
        for (text, host, port) in [
            ("localhost", "localhost", 4304),
            ("a.example:1", "a.example", 1),
            (":5", "localhost", 5),
            ("[fe80::1%eth0]:65535", "fe80::1%eth0", 65535),
            ("[::]", "::", 4304),
            ("2001:db8::7", "2001:db8::7", 4304),
        ] {
            assert_eq!(text.parse(), Ok(Address::new(host, port)), "{text}");
        }
        for text in ["", "a:", "a:x", "a:65536", "a:-1", "a:0", "[::1", "[::1]4304", "a b", "http://a"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_printed_address_parses_to_the_same_address() {
        for address in [Address::default(), Address::new("::1", 7), Address::new("h", 8)] {
            assert_eq!(address.to_string().parse(), Ok(address));
        }
    }
}
