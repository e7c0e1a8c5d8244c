//! npy (NumPy's `numpy.lib.format`).

use crate::Fault;
use crate::args::Args;
use crate::build::content;
use crate::bytes::le;
use crate::tree::Node;

/// Where the data starts is a multiple of this.
const ALIGN: usize = 64;

pub(crate) fn build(mut args: Args, children: &[Node]) -> Result<Vec<u8>, Fault> {
    let version = args.text("version")?.unwrap_or_else(|| "1.0".to_owned());
    let (major, minor) = version
        .split_once('.')
        .and_then(|(major, minor)| Some((major.parse::<u8>().ok()?, minor.parse::<u8>().ok()?)))
        .ok_or_else(|| args.fault("a version is like `1.0`"))?;
    let descr = args.text("descr")?;
    let shape = args.text("shape")?;
    let fortran = if args.flag("fortran") { "True" } else { "False" };
    let whole = args.option("header");
    let length = args.number("header-length")?;
    args.finish()?;

    let mut header = match (whole, descr) {
        (Some(whole), None) => whole.value,
        (None, Some(descr)) => {
            // A structured dtype is a list and not quoted.
            let descr = if descr.starts_with('[') { descr } else { format!("'{descr}'") };
            let shape = shape.unwrap_or_else(|| "()".to_owned());
            format!("{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}")
                .into_bytes()
        }
        _ => return Err(args.fault("npy needs `descr=` and `shape=`, or `header=`")),
    };
    let width = if major == 1 { 2 } else { 4 };
    let fixed = 8 + width;
    let padded = (fixed + header.len() + 1).next_multiple_of(ALIGN) - fixed - 1;
    header.resize(padded, b' ');
    header.push(b'\n');

    let mut out = b"\x93NUMPY".to_vec();
    out.extend([major, minor]);
    out.extend(le(length.unwrap_or(header.len() as u64), width));
    out.extend(header);
    out.extend(content(children)?);
    Ok(out)
}
