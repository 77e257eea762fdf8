//! Selects the server to connect to, and explains failures to reach it.

use std::env;
use std::io;
use std::str::FromStr;

use owproto_std::sim::{self, Spec};
use owproto_std::{Address, Error};

use crate::failure::{Failure, Reason};
use crate::printable::printable;

/// The environment variable that names the server.
pub(crate) const VARIABLE: &str = "OWSERVER";

/// The owserver to connect to.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: Address,
    origin: Origin,
}

/// Where the address comes from.
#[derive(Debug)]
enum Origin {
    /// The option `--sim`: the server is in this process, and stops when this is dropped.
    Simulated(#[expect(dead_code, reason = "it serves until it is dropped")] sim::Server),
    /// The option `--server`.
    Option,
    /// The variable `OWSERVER`.
    Environment,
    Default,
}

impl Server {
    /// A simulated server if there is a spec, else the server of the option, of the environment, or the default.
    ///
    /// # Errors
    /// [`Failure::Usage`] if both are given, or the variable is not an address; [`Failure::Connection`] if the simulated
    /// server does not start.
    pub(crate) fn select(option: Option<&Address>, spec: Option<&Spec>) -> Result<Self, Failure> {
        if let Some(spec) = spec {
            if option.is_some() {
                return Err(Failure::Usage("give only one of --server and --sim".to_owned()));
            }
            let server = sim::Server::start(spec.clone()).map_err(|error| {
                Failure::Connection(format!("cannot start the simulated server: {}", Reason(&error)))
            })?;
            return Ok(Self { address: server.local_addr().into(), origin: Origin::Simulated(server) });
        }
        if let Some(address) = option {
            return Ok(Self { address: address.clone(), origin: Origin::Option });
        }
        // An empty variable counts as not set.
        let Some(value) = env::var_os(VARIABLE).filter(|value| !value.is_empty()) else {
            return Ok(Self { address: Address::default(), origin: Origin::Default });
        };
        let parsed = match value.to_str() {
            Some(text) => address(text),
            None => Err(format!("'{}' is not valid Unicode", printable(value.as_encoded_bytes()))),
        };
        match parsed {
            Ok(address) => Ok(Self { address, origin: Origin::Environment }),
            Err(message) => {
                Err(Failure::Usage(format!("the environment variable {VARIABLE} is invalid: {message}")))
            }
        }
    }

    /// What happened, and what to do about it. The caller adds the path.
    pub(crate) fn explain(&self, error: &Error) -> String {
        match error {
            Error::Connect { address, source } if source.kind() == io::ErrorKind::ConnectionRefused => {
                format!("no server listens at {address}; {}", self.advice())
            }
            Error::Resolve { address, source } => {
                format!("cannot find the host of {address} ({})", Reason(source))
            }
            Error::Connect { address, source } => {
                format!("cannot connect to {address} ({})", Reason(source))
            }
            Error::Io { address, error, source } => {
                format!("the connection to {address} failed: {error} ({})", Reason(source))
            }
            Error::Connection { address, error } => {
                format!("the connection to {address} failed: {error}")
            }
            other => other.to_string(),
        }
    }

    /// What to do if no server listens.
    fn advice(&self) -> String {
        match self.origin {
            Origin::Simulated(_) => "the simulated server has stopped".to_owned(),
            Origin::Option => "start an owserver there, or name another with --server HOST[:PORT]".to_owned(),
            Origin::Environment => {
                format!("start an owserver there, or name another in {VARIABLE} or with --server HOST[:PORT]")
            }
            Origin::Default => format!(
                "start an owserver, name one with --server HOST[:PORT] or in {VARIABLE}, or use a simulated one with --sim"
            ),
        }
    }
}

/// Parses an address, or a port alone as the tools of OWFS do.
///
/// # Errors
/// A message.
pub(crate) fn address(text: &str) -> Result<Address, String> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
        // As the name of a host, it would be resolved to an IPv4 address that is written as one number.
        return Address::from_str(&format!(":{text}")).map_err(|_| format!("{text} is not a port"));
    }
    text.parse().map_err(|_| format!("{text:?} is not of the form HOST[:PORT]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_alone_is_a_port_of_localhost() {
        assert_eq!(address("4305"), Ok(Address::new("localhost", 4305)));
        assert_eq!(address("cellar"), Ok(Address::new("cellar", 4304)));
        assert_eq!(address("70000"), Err("70000 is not a port".to_owned()));
        assert_eq!(address("0"), Err("0 is not a port".to_owned()));
        assert_eq!(address(""), Err("\"\" is not of the form HOST[:PORT]".to_owned()));
    }

    #[test]
    fn without_a_server_the_error_names_all_ways_to_get_one() {
        let server = Server { address: Address::default(), origin: Origin::Default };
        let source = io::ErrorKind::ConnectionRefused.into();
        let message = server.explain(&Error::Connect { address: Address::default(), source });
        for word in ["localhost:4304", "--server", VARIABLE, "--sim"] {
            assert!(message.contains(word), "{message}");
        }
    }
}
