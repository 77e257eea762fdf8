use core::fmt;

use texts::TEXTS;
pub(crate) use texts::UNASSIGNED;

/// The code in the return word of a reply, without its sign: 0 is success, any other number an error.
///
/// owserver knows the codes 0 to 210 (observed, owserver 3.2p4: `/settings/return_codes/text.ALL`). Those that it calls
/// "legacy" are Linux's `errno` numbers and have a [`name`](Self::name); the others have meanings of owserver's own. Only a
/// few are ever sent. Those have a constant here and a [`sentence`](Self::sentence). Any other number is valid too.
///
/// ```
/// use owproto_core::message::ReturnCode;
/// let code = ReturnCode::from_ret(-21);
/// assert_eq!(code, ReturnCode::IS_A_DIRECTORY);
/// assert_eq!(code.name(), Some("EISDIR"));
/// assert_eq!(code.owserver_text().to_string(), "legacy - Is a directory");
/// assert_eq!(code.to_ret(), -21);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct ReturnCode(u32);

impl ReturnCode {
    /// 0: success.
    pub const GOOD: Self = Self(0);
    /// 1: the path is invalid: unknown device, property or bus, wrong CRC, bad index (owfs: `data.c` maps all of these to
    /// -1). It is not `EPERM`, and owserver's text for it is misleading.
    pub const NO_SUCH_PATH: Self = Self(1);
    /// 2, `ENOENT`: a device is no longer connected, or a remote server returned this code. Not sent for invalid paths.
    pub const NO_SUCH_ENTITY: Self = Self(2);
    /// 5, `EIO`: the bus or the device failed three times to answer correctly (owfs: `ow_read.c`).
    pub const IO: Self = Self(5);
    /// 12, `ENOMEM`: the server is out of memory.
    pub const OUT_OF_MEMORY: Self = Self(12);
    /// 13, `EACCES`: the device refused access, for example because of a wrong password.
    pub const ACCESS: Self = Self(13);
    /// 14, `EFAULT`: the data for a yes/no are empty, or there is no room for a comma in an array (owfs: `ow_parseinput.c`,
    /// `ow_parseoutput.c`).
    pub const FAULT: Self = Self(14);
    /// 16, `EBUSY`: the device is busy.
    pub const BUSY: Self = Self(16);
    /// 19, `ENODEV`: there is no bus for this device.
    pub const NO_SUCH_DEVICE: Self = Self(19);
    /// 20, `ENOTDIR`: a property cannot be listed.
    pub const NOT_A_DIRECTORY: Self = Self(20);
    /// 21, `EISDIR`: a directory cannot be read or written.
    pub const IS_A_DIRECTORY: Self = Self(21);
    /// 22, `EINVAL`: the data of a WRITE are not a value of this property.
    pub const INVALID_VALUE: Self = Self(22);
    /// 30, `EROFS`: the server was started with `--readonly`.
    pub const READ_ONLY_SERVER: Self = Self(30);
    /// 34, `ERANGE`: a number is out of range, or the requested size is too small for an array.
    pub const OUT_OF_RANGE: Self = Self(34);
    /// 42, `ENOMSG`: the server does not know this message type, or is configured to refuse it.
    pub const MESSAGE_TYPE_NOT_SUPPORTED: Self = Self(42);
    /// 74, `EBADMSG`: the request has no path.
    pub const BAD_MESSAGE: Self = Self(74);
    /// 90, `EMSGSIZE`: the size is 0, above 100,050, or too small for the value; or the path has 4096 bytes or more.
    pub const MESSAGE_SIZE: Self = Self(90);
    /// 95, `EOPNOTSUPP`: the property cannot be read, or cannot be written.
    pub const OPERATION_NOT_SUPPORTED: Self = Self(95);
    /// 98, `EADDRINUSE`: the server could not lock the device.
    pub const DEVICE_LOCKED: Self = Self(98);
    /// 99, `EADDRNOTAVAIL`: an address inside the device is not available.
    pub const ADDRESS_NOT_AVAILABLE: Self = Self(99);
    /// 103, `ECONNABORTED`: the server lost a bus and could not reconnect it.
    pub const BUS_NOT_RECONNECTED: Self = Self(103);
    /// 105, `ENOBUFS`: the server could not get a buffer.
    pub const NO_BUFFERS: Self = Self(105);

    /// The code in a return word: its magnitude if it is negative (2,147,483,648 for `i32::MIN`), else
    /// [`GOOD`](Self::GOOD), because a word of 0 or above is a count.
    #[must_use]
    pub const fn from_ret(ret: i32) -> Self {
        if ret < 0 { Self(ret.unsigned_abs()) } else { Self::GOOD }
    }

    /// The code with this number, as in `/settings/return_codes/text.N`.
    #[must_use]
    pub const fn from_code(code: u32) -> Self {
        Self(code)
    }

    /// The number without a sign.
    #[must_use]
    pub const fn code(self) -> u32 {
        self.0
    }

    /// The return word of a reply with this code: zero or negative. Numbers above 2,147,483,648 do not fit a reply, and give
    /// `i32::MIN`.
    #[must_use]
    pub const fn to_ret(self) -> i32 {
        // The negation of a number that is too large is positive.
        let word = self.0.cast_signed().wrapping_neg();
        if word > 0 { i32::MIN } else { word }
    }

    /// Whether this is an error, that is, not 0.
    #[must_use]
    pub const fn is_error(self) -> bool {
        self.0 != 0
    }

    /// This code as an error, or `Ok` for [`GOOD`](Self::GOOD).
    ///
    /// # Errors
    /// [`ServerError`] for every code but 0.
    pub const fn into_result(self) -> Result<(), ServerError> {
        match ServerError::new(self) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// The name in C, for the codes that owserver took from `errno`.
    ///
    /// `None` for other codes. `None` also for 1, because -1 does not mean `EPERM`.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            2 => "ENOENT",
            4 => "EINTR",
            5 => "EIO",
            9 => "EBADF",
            11 => "EAGAIN",
            12 => "ENOMEM",
            13 => "EACCES",
            14 => "EFAULT",
            16 => "EBUSY",
            19 => "ENODEV",
            20 => "ENOTDIR",
            21 => "EISDIR",
            22 => "EINVAL",
            30 => "EROFS",
            34 => "ERANGE",
            36 => "ENAMETOOLONG",
            40 => "ELOOP",
            42 => "ENOMSG",
            74 => "EBADMSG",
            90 => "EMSGSIZE",
            95 => "EOPNOTSUPP",
            98 => "EADDRINUSE",
            99 => "EADDRNOTAVAIL",
            103 => "ECONNABORTED",
            105 => "ENOBUFS",
            _ => return None,
        })
    }

    /// owserver's text, as in `/settings/return_codes/text.N`. It prints without allocation.
    #[must_use]
    pub const fn owserver_text(self) -> OwserverText {
        OwserverText(self)
    }

    /// The meaning in plain words, for the codes that owserver sends; `None` for others.
    #[must_use]
    pub const fn sentence(self) -> Option<&'static str> {
        Some(match self {
            Self::NO_SUCH_PATH => "no such path",
            Self::NO_SUCH_ENTITY => "the device is no longer there",
            Self::IO => "the bus or the device did not answer properly",
            Self::OUT_OF_MEMORY => "the server has no memory left",
            Self::ACCESS => "the device refused access",
            Self::FAULT => "the value is empty or its array does not fit",
            Self::BUSY => "the device is busy",
            Self::NO_SUCH_DEVICE => "the server has no bus for this device",
            Self::NOT_A_DIRECTORY => "the path is a property, not a directory",
            Self::IS_A_DIRECTORY => "the path is a directory, not a property",
            Self::INVALID_VALUE => "the property does not take this value",
            Self::READ_ONLY_SERVER => "the server is read-only",
            Self::OUT_OF_RANGE => "the number or the size is out of range",
            Self::MESSAGE_TYPE_NOT_SUPPORTED => "the server does not support this type of message",
            Self::BAD_MESSAGE => "the request has no path",
            Self::MESSAGE_SIZE => "the size or the path is too long or too short",
            Self::OPERATION_NOT_SUPPORTED => "the property cannot be read or written this way",
            Self::DEVICE_LOCKED => "another request holds the device",
            Self::ADDRESS_NOT_AVAILABLE => "the device does not have this address",
            Self::BUS_NOT_RECONNECTED => "the server lost the bus",
            Self::NO_BUFFERS => "the server has no buffer left",
            _ => return None,
        })
    }

    /// Whether the same request may succeed if retried soon: bus errors, busy devices, timeouts, lack of memory.
    ///
    /// False for errors that last until someone changes the request or the setup: wrong paths, values and sizes, refused
    /// access, and devices that are not connected (2, 19, 41). A device may be connected again, but an early retry does not
    /// help. This does not say whether a retry is *safe*: a failed write may have been carried out in part.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        matches!(
            self.0,
            4 | 5 | 11 | 16 // interrupted, I/O, try again, busy
            | 12 | 79 | 105 // memory and buffers
            | 18 // server not yet ready
            | 44 // short on the bus
            | 47
                ..=54 // bus silent, being reset, closed, not opened; communication error, timeout, telnet, TCP
            | 58 | 67 // communication error while reading, writing
            | 72 | 73 // socket problem, timeout of a connection to a remote server
            | 98 // device locked
            | 103 // bus not reconnected yet
        )
    }

    /// Whether the server does not support the *message type* (42), so that a client falls back from DIRALL and GET to DIR
    /// and READ. [`OPERATION_NOT_SUPPORTED`](Self::OPERATION_NOT_SUPPORTED) is about a property instead.
    #[must_use]
    pub const fn is_not_supported(self) -> bool {
        matches!(self, Self::MESSAGE_TYPE_NOT_SUPPORTED)
    }

    /// Whether the path does not exist: it is invalid (1), or its device is no longer connected (2).
    #[must_use]
    pub const fn is_no_such_path(self) -> bool {
        matches!(self, Self::NO_SUCH_PATH | Self::NO_SUCH_ENTITY)
    }
}

/// Prints the number in a reply, and the name if there is one: `-21 EISDIR`.
impl fmt::Display for ReturnCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_ret())?;
        match self.name() {
            Some(name) => write!(f, " {name}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for ReturnCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReturnCode({self})")
    }
}

/// An error that the server returned. It is an answer: the connection stays usable.
///
/// Prints the [`sentence`](ReturnCode::sentence), or owserver's text for codes without one, and the number. With `{:#}`
/// owserver's text follows the number.
///
/// ```
/// use owproto_core::message::{ReturnCode, ServerError};
/// let error = ServerError::new(ReturnCode::from_ret(-1)).unwrap();
/// assert_eq!(error.to_string(), "no such path (-1)");
/// assert_eq!(format!("{error:#}"), "no such path (-1, owserver: Startup - command line parameters invalid)");
/// assert!(error.code().is_no_such_path());
/// assert_eq!(ServerError::new(ReturnCode::GOOD), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ServerError(ReturnCode);

impl ServerError {
    /// The error with this code; `None` for [`ReturnCode::GOOD`].
    #[must_use]
    pub const fn new(code: ReturnCode) -> Option<Self> {
        if code.is_error() { Some(Self(code)) } else { None }
    }

    /// The code.
    #[must_use]
    pub const fn code(self) -> ReturnCode {
        self.0
    }

    /// Whether the same request may succeed if retried soon: [`ReturnCode::is_transient`].
    #[must_use]
    pub const fn is_transient(self) -> bool {
        self.0.is_transient()
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.owserver_text();
        match self.0.sentence() {
            Some(sentence) if f.alternate() => {
                write!(f, "{sentence} ({}, owserver: {text})", self.0.to_ret())
            }
            Some(sentence) => write!(f, "{sentence} ({})", self.0.to_ret()),
            None => write!(f, "{text} ({})", self.0.to_ret()),
        }
    }
}

impl core::error::Error for ServerError {}

/// owserver's text for a code. Returned by [`ReturnCode::owserver_text`].
///
/// Of the codes 80 to 209 only six have a text; the others print as `Unassigned error N`. Codes above 210 print like 210, as
/// in owserver.
///
/// ```
/// use owproto_core::message::ReturnCode;
/// assert_eq!(ReturnCode::from_ret(-42).owserver_text().to_string(), "legacy - No message");
/// assert_eq!(ReturnCode::from_ret(-100).owserver_text().to_string(), "Unassigned error 100");
/// assert_eq!(ReturnCode::from_ret(-999).owserver_text().to_string(), "Error number out of range");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OwserverText(ReturnCode);

impl OwserverText {
    /// The highest code with a text: 210, "Error number out of range".
    pub const LAST: ReturnCode = ReturnCode(210);

    /// The text; `None` for an "Unassigned error N".
    #[must_use]
    pub fn as_static(self) -> Option<&'static str> {
        if let Some(text) = usize::try_from(self.0.0).ok().and_then(|code| TEXTS.get(code)) {
            return Some(text);
        }
        Some(match self.0.0 {
            90 => "legacy - Message size problem",
            95 => "legacy - Not supported",
            98 => "legacy - Address in use",
            99 => "legacy - Address not available",
            103 => "legacy - Connection aborted",
            105 => "legacy - No buffers",
            210.. => "Error number out of range",
            _ => return None,
        })
    }
}

impl fmt::Display for OwserverText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_static() {
            Some(text) => f.pad(text),
            None => write!(f, "{UNASSIGNED}{}", self.0.0),
        }
    }
}

#[cfg(test)]
mod tests;
mod texts;
