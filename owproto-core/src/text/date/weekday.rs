/// A day of the week.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Weekday {
    /// `Sun`
    Sunday,
    /// `Mon`
    Monday,
    /// `Tue`
    Tuesday,
    /// `Wed`
    Wednesday,
    /// `Thu`
    Thursday,
    /// `Fri`
    Friday,
    /// `Sat`
    Saturday,
}

impl Weekday {
    /// All seven, from Sunday.
    pub const ALL: [Self; 7] = [
        Self::Sunday,
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
    ];

    /// The three letters used in a date.
    #[must_use]
    pub const fn short_name(self) -> &'static str {
        match self {
            Self::Sunday => "Sun",
            Self::Monday => "Mon",
            Self::Tuesday => "Tue",
            Self::Wednesday => "Wed",
            Self::Thursday => "Thu",
            Self::Friday => "Fri",
            Self::Saturday => "Sat",
        }
    }
}
