//! The one door to bytes.
//!
//! Everything that Weighbridge knows of an artifact came through here: [`tree::open`] lists the
//! files under a root without ever leaving it, [`Blob`] reads one of them (or a part of it, or
//! what a decoder made of a part of it), [`Budget`] bounds what reading may cost.
//!
//! Reading never fails in the middle of a parser. Bytes that cannot be had look like the end of
//! the data, and the reason is kept: whoever reads asks [`Blob::trouble`] at the end, and if there
//! is any, what was read is not everything.

#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic
    )
)]

mod blob;
mod budget;
mod cursor;
mod digest;
mod error;
mod file;
mod spool;
pub mod tree;

pub use blob::{Blob, ReadAt};
pub use budget::{Budget, Exhausted};
pub use cursor::Cursor;
pub use digest::{Digests, Hasher};
pub use error::{Error, Trouble};
pub use file::{SourceFile, Stamp};
pub use spool::{Spool, Spooled, Taken, spool};
