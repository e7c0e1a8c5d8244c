//! Tasks of the workspace: `cargo xtask <task>`.

mod packs;

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.split_first() {
        Some((task, rest)) if task == "packs" => packs::run(rest),
        _ => anyhow::bail!("tasks: packs"),
    }
}
