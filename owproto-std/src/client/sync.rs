//! The locks of the pool: those of `parking_lot`, or loom's in the tests that try all interleavings.

#[cfg(not(owproto_loom))]
pub(crate) use parking_lot::{Mutex, MutexGuard};
pub(crate) use std::sync::Arc;

#[cfg(owproto_loom)]
pub(crate) use self::checked::Mutex;
#[cfg(owproto_loom)]
pub(crate) use loom::sync::MutexGuard;

#[cfg(owproto_loom)]
mod checked {
    use loom::sync::MutexGuard;

    /// Loom's mutex with the interface of `parking_lot`'s.
    #[derive(Default)]
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().expect("loom's mutex is never poisoned")
        }
    }
}
