//! The gate as a whole: files on disk in, reports and their renderings out.

mod behaviour;
mod integrity;
mod level;
mod pages;
mod render;
mod sample;
mod schema;
mod signature;
mod weigh;
