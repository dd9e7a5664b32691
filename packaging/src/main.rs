//! Makes what the Debian package has besides the program and the files of this repository: manual pages and completions out
//! of the command line that clap knows, and the notices of the crates that the program is linked with.
//!
//! `erpsync-packaging DIRECTORY DATE` writes into DIRECTORY, with DATE (2026-11-30) on the pages. `packaging/build` calls it;
//! nothing of what it makes is committed. A crate of its own, so that the program carries none of this.

mod man;
mod notices;
mod texts;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use clap_complete::{Shell, generate};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [directory, date] = arguments.as_slice() else { bail!("usage: erpsync-packaging DIRECTORY DATE") };
    let directory = Path::new(directory);
    let man = emptied(&directory.join("man"))?;
    for page in man::pages(date)? {
        write(&man.join(page.file), &page.text)?;
    }
    let completions = emptied(&directory.join("completions"))?;
    for (shell, file) in COMPLETIONS {
        let mut text = Vec::new();
        generate(shell, &mut erpsync::cli::command(), "erpsync", &mut text);
        write(&completions.join(file), &text)?;
    }
    write(&directory.join("third-party-notices"), notices::of_the_program()?.as_bytes())
}

/// The shells, and how each calls the file that it looks for.
const COMPLETIONS: [(Shell, &str); 3] =
    [(Shell::Bash, "erpsync"), (Shell::Zsh, "_erpsync"), (Shell::Fish, "erpsync.fish")];

/// A directory without what an earlier version made there.
fn emptied(path: &Path) -> Result<std::path::PathBuf> {
    if path.exists() {
        fs::remove_dir_all(path).with_context(|| path.display().to_string())?;
    }
    fs::create_dir_all(path).with_context(|| path.display().to_string())?;
    Ok(path.to_owned())
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).with_context(|| path.display().to_string())
}
