/// The longest path of a request, in bytes: with its terminating NUL it stays below owserver's limit of 4096 bytes of
/// payload for every message type (owfs: `PATH_MAX` in `read.c`, `dir.c`, `dirall.c`).
///
/// The limit of a server's tree for received paths is [`MAX_TREE_PATH_LEN`](crate::tree::MAX_TREE_PATH_LEN).
pub const MAX_PATH_LEN: usize = 4094;

/// The largest body of a request that owserver accepts, in bytes: payload and tokens together (owfs: `from_client.c`). It
/// is also the largest size that a READ may ask for (owfs: `read.c`).
pub const MAX_BODY_LEN: usize = 100_050;

/// The size that a READ or GET asks for unless another one is set; pyownet's limit.
pub const DEFAULT_READ_SIZE: u32 = 65_536;
