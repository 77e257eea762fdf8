//! Which server is meant, and what to do if it is not there.

use std::env;
use std::io;
use std::str::FromStr;

use owproto_std::sim::{self, Spec};
use owproto_std::{Address, Error};

use crate::bytes::printable;
use crate::exit::{End, Reason};

/// The variable of the environment that names the server.
pub(crate) const VARIABLE: &str = "OWSERVER";

/// An owserver to talk to.
#[derive(Debug)]
pub(crate) struct Server {
    /// Where it is.
    pub(crate) address: Address,
    origin: Origin,
}

/// Who named the server.
#[derive(Debug)]
enum Origin {
    /// The option `--sim`: it is in this process, as long as this is kept.
    Simulated(#[expect(dead_code, reason = "it serves until it is dropped")] sim::Server),
    /// The option `--server`.
    Option,
    /// The variable `OWSERVER`.
    Environment,
    /// Nobody.
    Default,
}

impl Server {
    /// A simulated server, else that of the option, else that of the environment, else the default.
    ///
    /// # Errors
    /// [`End::Usage`] for two servers, or if what stands in the environment is no address; [`End::Failed`] if the
    /// simulated one does not start.
    pub(crate) fn choose(option: Option<&Address>, spec: Option<&Spec>) -> Result<Self, End> {
        if let Some(spec) = spec {
            if option.is_some() {
                return Err(End::Usage("only one of --server and --sim can be given".to_owned()));
            }
            let server = sim::Server::start(spec.clone()).map_err(|error| {
                End::Failed(format!("the simulated server does not start: {}", Reason(&error)))
            })?;
            return Ok(Self { address: server.local_addr().into(), origin: Origin::Simulated(server) });
        }
        if let Some(address) = option {
            return Ok(Self { address: address.clone(), origin: Origin::Option });
        }
        // A variable that is set to nothing is as good as none.
        match env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
            Some(value) => match value.to_str().map(address) {
                Some(Ok(address)) => Ok(Self { address, origin: Origin::Environment }),
                Some(Err(error)) => Err(End::Usage(format!("{VARIABLE} is wrong: {error}"))),
                None => {
                    let value = printable(value.as_encoded_bytes());
                    Err(End::Usage(format!("{VARIABLE} is wrong: '{value}' is no text")))
                }
            },
            None => Ok(Self { address: Address::default(), origin: Origin::Default }),
        }
    }

    /// What went wrong, and what to do about it. The path is left to the caller.
    pub(crate) fn explain(&self, error: &Error) -> String {
        match error {
            Error::Connect { address, source } if source.kind() == io::ErrorKind::ConnectionRefused => {
                format!("nothing listens at {address}; {}", self.advice())
            }
            Error::Resolve { address, source } => {
                format!("the host of {address} cannot be found ({})", Reason(source))
            }
            Error::Connect { address, source } => {
                format!("there is no connection to {address} ({})", Reason(source))
            }
            Error::Io { address, error, source } => {
                format!("{address} failed: {error} ({})", Reason(source))
            }
            Error::Connection { address, error } => format!("{address} failed: {error}"),
            other => other.to_string(),
        }
    }

    /// What to do if nothing listens.
    fn advice(&self) -> String {
        match self.origin {
            Origin::Simulated(_) => "the simulated server has ended".to_owned(),
            Origin::Option => "start an owserver there, or name another with --server HOST[:PORT]".to_owned(),
            Origin::Environment => {
                format!("start an owserver there, or name another in {VARIABLE} or with --server HOST[:PORT]")
            }
            Origin::Default => format!(
                "start an owserver, or say where one is with --server HOST[:PORT] or in {VARIABLE}, or use a simulated \
                 one with --sim"
            ),
        }
    }
}

/// An address as owproto takes it, or only a port, as the tools of OWFS take it.
///
/// # Errors
/// A sentence.
pub(crate) fn address(text: &str) -> Result<Address, String> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
        // It would be taken for the name of a host, and that for an IPv4 address in one number.
        return Address::from_str(&format!(":{text}")).map_err(|_| format!("{text} is not a port"));
    }
    text.parse().map_err(|_| format!("{text:?} is not of the form HOST[:PORT]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_port() {
        assert_eq!(address("4305"), Ok(Address::new("localhost", 4305)));
        assert_eq!(address("cellar"), Ok(Address::new("cellar", 4304)));
        assert_eq!(address("70000"), Err("70000 is not a port".to_owned()));
        assert_eq!(address("0"), Err("0 is not a port".to_owned()));
        assert_eq!(address(""), Err("\"\" is not of the form HOST[:PORT]".to_owned()));
    }

    #[test]
    fn where_nobody_was_named_the_error_names_both_ways() {
        let server = Server { address: Address::default(), origin: Origin::Default };
        let source = io::ErrorKind::ConnectionRefused.into();
        let sentence = server.explain(&Error::Connect { address: Address::default(), source });
        assert!(sentence.contains("localhost:4304"), "{sentence}");
        assert!(sentence.contains("--server") && sentence.contains("--sim"), "{sentence}");
    }
}
