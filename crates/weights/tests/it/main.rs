//! Conversion, against files that the real libraries wrote and against files that lie.

mod hostile;
mod oracle;
mod pages;
mod sample;
