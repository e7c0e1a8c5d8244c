//! forge against the readers that the field uses, and the pages that are built with it.

mod bypasses;
mod harmless;
mod language;
mod python;
mod readers;
