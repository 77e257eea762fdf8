//! What a negative return word says: owserver's codes, their texts, and what to do about them.

use core::fmt;

/// The code in the return word of a reply, without its sign: 0 is success, anything else an error.
///
/// owserver knows the codes 0 to 210 (observed, owserver 3.2p4: `/settings/return_codes/text.ALL`). Those that it
/// calls "legacy" are Linux's `errno` numbers and have a [`name`](Self::name); the gaps between them are filled
/// with meanings of its own. Only a few are ever sent; these have a constant here and a
/// [`sentence`](Self::sentence). Any other number is kept as it is.
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
    /// 1: the answer to every path that does not parse: unknown device, property or bus, wrong CRC, bad index
    /// (owfs: `data.c` maps all of these to -1). It is not `EPERM`, and owserver's text for it misleads.
    pub const NO_SUCH_PATH: Self = Self(1);
    /// 2, `ENOENT`: a device has gone, or a server behind the server says so. Not sent for paths that do not parse.
    pub const NO_SUCH_ENTITY: Self = Self(2);
    /// 5, `EIO`: the bus or the device did not answer as it should, three times (owfs: `ow_read.c`).
    pub const IO: Self = Self(5);
    /// 12, `ENOMEM`: the server has no memory left.
    pub const OUT_OF_MEMORY: Self = Self(12);
    /// 13, `EACCES`: the device refused, as with a wrong password.
    pub const ACCESS: Self = Self(13);
    /// 14, `EFAULT`: nothing where a yes/no was to be written, or no room left for a comma in an array
    /// (owfs: `ow_parseinput.c`, `ow_parseoutput.c`).
    pub const FAULT: Self = Self(14);
    /// 16, `EBUSY`: the device is at work.
    pub const BUSY: Self = Self(16);
    /// 19, `ENODEV`: no bus for this device.
    pub const NO_SUCH_DEVICE: Self = Self(19);
    /// 20, `ENOTDIR`: a property was to be listed.
    pub const NOT_A_DIRECTORY: Self = Self(20);
    /// 21, `EISDIR`: a directory was to be read or written.
    pub const IS_A_DIRECTORY: Self = Self(21);
    /// 22, `EINVAL`: what was to be written is no value of this property.
    pub const INVALID_VALUE: Self = Self(22);
    /// 30, `EROFS`: the server was started with `--readonly`.
    pub const READ_ONLY_SERVER: Self = Self(30);
    /// 34, `ERANGE`: a number is out of range, or the size asked for is less than an array needs.
    pub const OUT_OF_RANGE: Self = Self(34);
    /// 42, `ENOMSG`: the server does not know this type of message, or was told to refuse it.
    pub const MESSAGE_TYPE_NOT_SUPPORTED: Self = Self(42);
    /// 74, `EBADMSG`: a request without a path.
    pub const BAD_MESSAGE: Self = Self(74);
    /// 90, `EMSGSIZE`: a size of 0 or above 100,050, one that is too small for the value, or a path of 4096 bytes
    /// or more.
    pub const MESSAGE_SIZE: Self = Self(90);
    /// 95, `EOPNOTSUPP`: a property that cannot be written was to be written, or one that cannot be read, read.
    pub const OPERATION_NOT_SUPPORTED: Self = Self(95);
    /// 98, `EADDRINUSE`: the lock of the device could not be had.
    pub const DEVICE_LOCKED: Self = Self(98);
    /// 99, `EADDRNOTAVAIL`: an address inside the device is not available.
    pub const ADDRESS_NOT_AVAILABLE: Self = Self(99);
    /// 103, `ECONNABORTED`: the server lost a bus and could not reconnect it.
    pub const BUS_NOT_RECONNECTED: Self = Self(103);
    /// 105, `ENOBUFS`: the server could not get a buffer.
    pub const NO_BUFFERS: Self = Self(105);

    /// The code of a return word: its magnitude if it is negative (2,147,483,648 for `i32::MIN`), and
    /// [`GOOD`](Self::GOOD) for 0 and above, where the word is no error but a count.
    #[must_use]
    pub const fn from_ret(ret: i32) -> Self {
        if ret < 0 { Self(ret.unsigned_abs()) } else { Self::GOOD }
    }

    /// The code with this number, as `/settings/return_codes/text.N` counts them.
    #[must_use]
    pub const fn from_code(code: u32) -> Self {
        Self(code)
    }

    /// The number without a sign.
    #[must_use]
    pub const fn code(self) -> u32 {
        self.0
    }

    /// The word of a reply that says this code: zero or negative. Numbers above 2,147,483,648, which no reply can
    /// say, give `i32::MIN`.
    #[must_use]
    pub const fn to_ret(self) -> i32 {
        // Numbers that are too large come out positive.
        let word = self.0.cast_signed().wrapping_neg();
        if word > 0 { i32::MIN } else { word }
    }

    /// Whether this is an error: any code but 0.
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

    /// The name that the number has in C, for the codes that owserver took from `errno`.
    ///
    /// `None` for others, and for 1: -1 is not `EPERM`.
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

    /// owserver's own text, as it stands at `/settings/return_codes/text.N`. Prints without allocation.
    #[must_use]
    pub const fn owserver_text(self) -> OwserverText {
        OwserverText(self)
    }

    /// What the code means, in plain words, for those that owserver really sends; `None` for others.
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

    /// Whether the same request may well succeed later: trouble on the bus, something busy or out of time, a
    /// shortage of memory.
    ///
    /// False for what stays as it is until somebody changes the request or the setup: wrong paths, values and
    /// sizes, refused access, and devices that are not there (2, 19, 41). Those may be plugged in again, but
    /// asking soon is no help. Whether it is *safe* to ask again is another question: a failed write may have been
    /// half done.
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
            | 72 | 73 // socket problem, timeout towards a server behind the server
            | 98 // device locked
            | 103 // bus not reconnected yet
        )
    }

    /// Whether the server does not do this *type of message* (42): the signal to fall back from DIRALL and GET to
    /// DIR and READ. Not the same as [`OPERATION_NOT_SUPPORTED`](Self::OPERATION_NOT_SUPPORTED), which is about a
    /// property.
    #[must_use]
    pub const fn is_not_supported(self) -> bool {
        matches!(self, Self::MESSAGE_TYPE_NOT_SUPPORTED)
    }

    /// Whether there is nothing at the path: it does not parse (1), or its device has gone (2).
    #[must_use]
    pub const fn is_no_such_path(self) -> bool {
        matches!(self, Self::NO_SUCH_PATH | Self::NO_SUCH_ENTITY)
    }
}

/// As it stands in a reply, with the name where there is one: `-21 EISDIR`.
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

/// An error that the server answered: an answer, not a failure. The connection is as good as before.
///
/// Prints the [`sentence`](ReturnCode::sentence) with the number (or owserver's text, for codes without a
/// sentence); with `{:#}` owserver's own text stands beside it.
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
    /// The error that a code says; `None` for [`ReturnCode::GOOD`].
    #[must_use]
    pub const fn new(code: ReturnCode) -> Option<Self> {
        if code.is_error() { Some(Self(code)) } else { None }
    }

    /// The code, for a closer look.
    #[must_use]
    pub const fn code(self) -> ReturnCode {
        self.0
    }

    /// Whether the same request may well succeed later: [`ReturnCode::is_transient`].
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

/// owserver's own text for a code; made by [`ReturnCode::owserver_text`].
///
/// Of the codes 80 to 209 only six have a text; the others print as `Unassigned error N`. Codes above 210 print as
/// 210 does, which is what owserver makes of them.
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
    /// The highest code that has a text: 210, "Error number out of range".
    pub const LAST: ReturnCode = ReturnCode(210);

    /// The text, unless it is one of the "Unassigned error N".
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

/// What stands before the number of a code without a text (observed, owserver 3.2p4).
pub(crate) const UNASSIGNED: &str = "Unassigned error ";

/// The texts of the codes 0 to 79 (observed, owserver 3.2p4).
static TEXTS: [&str; 80] = [
    "Good result",
    "Startup - command line parameters invalid",
    "legacy - No such entity",
    "Startup - a device could not be opened",
    "legacy - Interrupted",
    "legacy - IO error",
    "Startup - network could not be opened",
    "Startup - Avahi library could not be loaded",
    "Startup - Bonjour library could not be loaded",
    "legacy - Bad filesystem",
    "Startup - zeroconf communication problem",
    "legacy - Temporary interruption",
    "legacy - memory exhausted",
    "legacy - Access error",
    "legacy - Communication fault",
    "Startup - memory could not be allocated",
    "legacy - Busy",
    "Program - not initialized",
    "Program - not yet ready",
    "legacy - No such device",
    "legacy - Not a directory",
    "legacy - Is a directory",
    "legacy - Invalid transaction",
    "Program - closing",
    "Program - closed",
    "Program - cannot close",
    "Path - input path too long",
    "Path - bad path syntax",
    "Device - Device name bad CRC8",
    "Device - Unrecognized device name or alias",
    "legacy - Read-only file system",
    "Device - alias name too long",
    "Device - unrecognized device property",
    "Device - device property not an array",
    "legacy - Out of range",
    "Device - device property should be an array",
    "legacy - Name too long",
    "Device - device not a bit field",
    "Device - array index out of range",
    "Device - device property not a subpath",
    "legacy - Loop discovered",
    "Device - device not found",
    "legacy - No message",
    "Device - other device error",
    "Bus - bus short",
    "Bus - no such bus",
    "Bus - bus not appropriate",
    "Bus - bus not responding",
    "Bus - bus being reset",
    "Bus - bus closed",
    "Bus - bus could not be opened",
    "Bus - communication error on bus",
    "Bus - communication timeout",
    "Bus - telnet error",
    "Bus - tcp error",
    "Bus - bus is local",
    "Bus - bus is remote",
    "Read - data too large",
    "Read - data communication error",
    "Read - not a property",
    "Read - not a readable property",
    "Write - data too large",
    "Write - data too small",
    "Write - data wrong format",
    "Write - not a property",
    "Write - not a writable property",
    "Write - read-only mode",
    "Write - data communication error",
    "Directory - output path too long",
    "Directory - not a directory",
    "Presence - not a device",
    "Unknown query type",
    "Owserver protocol - socket problem",
    "Owserver protocol - timeout",
    "legacy - Bad message",
    "Owserver protocol - version mismatch",
    "Owserver protocol - packet size error",
    "Path - extra text in path",
    "Internal - unexpected null pointer",
    "Internal - unable to allocate memory",
];

#[cfg(test)]
mod tests {
    use std::string::{String, ToString};
    use std::vec::Vec;

    use super::*;

    /// The codes that owserver sends, by its sources or as observed.
    const SENT: [i32; 21] = [
        -1, -2, -5, -12, -13, -14, -16, -19, -20, -21, -22, -30, -34, -42, -74, -90, -95, -98, -99, -103,
        -105,
    ];

    #[derive(serde::Deserialize)]
    struct Captured {
        code: u32,
        wire_ret: i32,
        text: String,
    }

    #[test]
    fn all_texts_are_owservers() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/return_codes.json");
        let codes: Vec<Captured> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        assert_eq!(codes.len(), 211);
        for (n, captured) in (0..).zip(&codes) {
            let code = ReturnCode::from_ret(captured.wire_ret);
            assert_eq!((captured.code, code.code()), (n, n));
            assert_eq!(code.to_ret(), captured.wire_ret);
            assert_eq!(code.owserver_text().to_string(), captured.text);
            assert_eq!(code.name().is_some(), captured.text.starts_with("legacy - "), "{code}");
        }
    }

    #[test]
    fn every_word_is_a_code() {
        assert_eq!(ReturnCode::from_ret(i32::MIN).code(), 1 << 31);
        assert_eq!(ReturnCode::from_ret(i32::MIN).to_ret(), i32::MIN);
        assert_eq!(ReturnCode::from_code(u32::MAX).to_ret(), i32::MIN);
        assert_eq!(ReturnCode::from_ret(-i32::MAX).to_ret(), -i32::MAX);
        for ret in [0, 1, 12, i32::MAX] {
            assert_eq!(ReturnCode::from_ret(ret), ReturnCode::GOOD);
            assert_eq!(ReturnCode::from_ret(ret).into_result(), Ok(()));
        }
        assert_eq!(ReturnCode::from_ret(-1).into_result().unwrap_err().code(), ReturnCode::NO_SUCH_PATH);
    }

    #[test]
    fn exactly_the_codes_that_are_sent_have_a_sentence() {
        let with_sentence = (-300..=0).rev().filter(|&ret| ReturnCode::from_ret(ret).sentence().is_some());
        assert!(with_sentence.eq(SENT));
    }

    #[test]
    fn of_the_codes_that_are_sent_these_may_pass() {
        let transient: Vec<i32> =
            SENT.into_iter().filter(|&ret| ReturnCode::from_ret(ret).is_transient()).collect();
        assert_eq!(transient, [-5, -12, -16, -98, -103, -105]);
        assert!(!ReturnCode::GOOD.is_transient());
    }

    #[test]
    fn names_are_those_of_errno() {
        let named: Vec<_> =
            (0..300).filter_map(|code| ReturnCode::from_code(code).name().map(|name| (code, name))).collect();
        // asm-generic/errno-base.h and errno.h of Linux.
        let errno = [
            (2, "ENOENT"),
            (4, "EINTR"),
            (5, "EIO"),
            (9, "EBADF"),
            (11, "EAGAIN"),
            (12, "ENOMEM"),
            (13, "EACCES"),
            (14, "EFAULT"),
            (16, "EBUSY"),
            (19, "ENODEV"),
            (20, "ENOTDIR"),
            (21, "EISDIR"),
            (22, "EINVAL"),
            (30, "EROFS"),
            (34, "ERANGE"),
            (36, "ENAMETOOLONG"),
            (40, "ELOOP"),
            (42, "ENOMSG"),
            (74, "EBADMSG"),
            (90, "EMSGSIZE"),
            (95, "EOPNOTSUPP"),
            (98, "EADDRINUSE"),
            (99, "EADDRNOTAVAIL"),
            (103, "ECONNABORTED"),
            (105, "ENOBUFS"),
        ];
        assert_eq!(named, errno);
    }

    #[test]
    fn questions_about_a_code() {
        assert!(ReturnCode::IO.is_error() && !ReturnCode::GOOD.is_error());
        assert!(ReturnCode::MESSAGE_TYPE_NOT_SUPPORTED.is_not_supported());
        assert!(!ReturnCode::OPERATION_NOT_SUPPORTED.is_not_supported());
        let no_such_path = (0..300).filter(|&code| ReturnCode::from_code(code).is_no_such_path());
        assert!(no_such_path.eq([1, 2]));
        let error = ServerError::new(ReturnCode::BUSY).unwrap();
        assert!(error.is_transient() && error.code() == ReturnCode::BUSY);
        assert!(!ServerError::new(ReturnCode::ACCESS).unwrap().is_transient());
        assert_eq!(ServerError::new(ReturnCode::GOOD), None);
    }

    #[test]
    fn printing() {
        assert_eq!(ReturnCode::IS_A_DIRECTORY.to_string(), "-21 EISDIR");
        assert_eq!(ReturnCode::NO_SUCH_PATH.to_string(), "-1");
        assert_eq!(ServerError(ReturnCode(44)).to_string(), "Bus - bus short (-44)");
        assert_eq!(ServerError(ReturnCode(150)).to_string(), "Unassigned error 150 (-150)");
        let error = ServerError(ReturnCode::MESSAGE_TYPE_NOT_SUPPORTED);
        assert_eq!(error.to_string(), "the server does not support this type of message (-42)");
        assert_eq!(
            std::format!("{error:#}"),
            "the server does not support this type of message (-42, owserver: legacy - No message)"
        );
        assert_eq!(std::format!("{:?}", ReturnCode::IO), "ReturnCode(-5 EIO)");
        assert_eq!(std::format!("{:13}|", ReturnCode::GOOD.owserver_text()), "Good result  |");
    }
}
