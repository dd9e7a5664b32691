//! The `erpsync` command; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    erpsync::cli::main()
}
