//! Builds the recipes of a Markdown page into a folder, one sub-folder a block:
//! `cargo run -p weighbridge-forge --example build -- bypasses/zip-nested.md /tmp/samples`.

#![allow(
    clippy::disallowed_methods,
    reason = "a page is a file of this repository, and this program owns its output"
)]

use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(page), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("usage: build PAGE.md FOLDER".into());
    };
    for (number, block) in forge::blocks(&std::fs::read_to_string(page)?).iter().enumerate() {
        let folder = Path::new(&folder).join(number.to_string());
        std::fs::create_dir_all(&folder)?;
        forge::write_to(&block.recipe()?, &folder)?;
    }
    Ok(())
}
