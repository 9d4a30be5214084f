//! How far an import is, for whoever shows it.

/// Told how far an import is. Amounts are in a unit that the import chooses.
pub trait Progress {
    /// The whole is `total`.
    fn begin(&self, total: u64);
    /// So much of it is done.
    fn reach(&self, done: u64);
    /// What is being done now, in a few words.
    fn say(&self, what: &str);
}

/// Nobody is watching.
impl Progress for () {
    fn begin(&self, _: u64) {}
    fn reach(&self, _: u64) {}
    fn say(&self, _: &str) {}
}
