//! Where a log lies: names and bytes.

use std::any::Any;

use super::Error;

/// A name and the bytes under it.
pub type File = (String, Vec<u8>);

/// A place for a log. Names are relative paths with `/`.
///
/// What a method has written is durable when it returns, and nobody meets half of it: a log that
/// was told that something is written relies on it after a loss of power.
pub trait Storage: Send + Sync {
    /// What messages call it.
    fn place(&self) -> String;

    /// The bytes under a name; `None` where there is none. More than `most` bytes are an error.
    fn read(&self, name: &str, most: u64) -> Result<Option<Vec<u8>>, Error>;

    /// Puts bytes under several names, replacing what is there.
    fn write(&self, files: &[File]) -> Result<(), Error>;

    /// Puts bytes under a name that is free; `false` where it is taken. Of several that try at once
    /// one is told `true`.
    fn create(&self, name: &str, bytes: &[u8]) -> Result<bool, Error>;

    /// Replaces bytes; `false` where others than `old` stand there. Of several that try at once one
    /// is told `true`.
    fn swap(&self, name: &str, old: &[u8], new: &[u8]) -> Result<bool, Error>;

    /// Removes a name and everything under it. It may be kept: nothing relies on it being gone.
    fn remove(&self, name: &str) -> Result<(), Error>;

    /// The names directly under a name, in no order.
    fn list(&self, name: &str) -> Result<Vec<String>, Error>;

    /// Keeps other writers out until the answer is dropped, where the place can do that; waits for
    /// one that is in.
    fn lock(&self) -> Result<Box<dyn Any>, Error>;
}
