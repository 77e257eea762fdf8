pub(super) mod path;
pub(super) mod property;
pub(super) mod scope;
