/// Whether the server keeps the connection after an answer, if the client asks for it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Persistence {
    /// Keep it.
    #[default]
    Grant,
    /// Close it.
    Refuse,
}

/// When the server sends keepalives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Keepalives {
    /// While an answer takes long.
    #[default]
    WhenSlow,
    /// Also before every answer, as owserver does with `--pingcrazy`. This tests clients.
    BeforeEveryAnswer,
}
