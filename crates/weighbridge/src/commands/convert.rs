use std::fmt::Write as _;
use std::path::PathBuf;

use gate::{Conversion, Converted, Limits};

use crate::args::{self, Args, Convert, DataFormat};
use crate::exit::Exit;
use crate::failure::{self, Failure};
use crate::output;

pub(super) fn convert(convert: &Convert, args: &Args) -> Result<Exit, Failure> {
    let target = match &convert.output {
        Some(target) => target.clone(),
        None => beside(convert),
    };
    let made = gate::convert(&Conversion {
        source: &convert.file,
        target: &target,
        force: convert.force,
        tensors_only: convert.tensors_only,
        max_output: convert.max_output,
        limits: args::limits(&convert.limits, Limits::default()),
    });
    let made = match made {
        Ok(made) => made,
        Err(error) => {
            let exit = ended(&error);
            failure::tell(&error.into());
            return Ok(exit);
        }
    };
    match convert.format {
        DataFormat::Text => {
            output::say(&beside_it(&made, args));
            let noun = if made.tensors == 1 { "tensor" } else { "tensors" };
            let text = format!(
                "{}: {} {noun} of {} ({}), {} bytes\n",
                made.target, made.tensors, made.source, made.format, made.bytes
            );
            output::write(&text, None)?;
        }
        DataFormat::Json => {
            // It holds only what JSON can hold.
            let mut text = serde_json::to_string_pretty(&made).unwrap_or_default();
            text.push('\n');
            output::write(&text, None)?;
        }
    }
    Ok(Exit::Fine)
}

/// `model.pt` becomes `model.safetensors` in the same folder.
fn beside(convert: &Convert) -> PathBuf {
    convert.file.with_extension("safetensors")
}

/// How a conversion ends that did not take place: refused, nothing to convert, or an error.
fn ended(error: &gate::Error) -> Exit {
    match error {
        gate::Error::Convert(gate::ConvertError::Refused { .. }) => Exit::Refused,
        gate::Error::NoTensors { .. } | gate::Error::Convert(gate::ConvertError::Read(_)) => {
            Exit::Undecided
        }
        _ => Exit::Error,
    }
}

/// What the new file does not tell: what was left behind, and what is copied.
fn beside_it(made: &Converted, args: &Args) -> String {
    let most = match args.detail() {
        gate::render::Detail::Brief => return String::new(),
        gate::render::Detail::Usual => 10,
        gate::render::Detail::Full => usize::MAX,
    };
    let mut text = String::new();
    // Writing to a string cannot fail, here and below.
    for waived in made.waived.iter().take(most) {
        let _ = writeln!(text, "left behind: {waived}");
    }
    for left in made.left_out.iter().take(most) {
        let _ = writeln!(text, "left out: `{}`: {}", left.path.shortened(120), left.what);
    }
    for names in made.tied.iter().take(most) {
        let shown: Vec<String> =
            names.iter().take(most).map(|name| format!("`{}`", name.shortened(120))).collect();
        let more = names.len().saturating_sub(shown.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let _ = writeln!(text, "one memory, a copy each: {}{more}", shown.join(", "));
    }
    let lists = [made.waived.len(), made.left_out.len(), made.tied.len()];
    let more: usize = lists.iter().map(|len| len.saturating_sub(most)).sum();
    let more = (more as u64).saturating_add(made.unlisted);
    if more > 0 {
        let _ = writeln!(text, "and {more} more; `--format json` lists them");
    }
    text
}
