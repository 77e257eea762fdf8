//! Transports for machines with std.
