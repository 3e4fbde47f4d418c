//! Twins are started, asked, killed and kept; the machine must not notice.

use std::process::ExitCode;

fn main() -> ExitCode {
    let argv: Vec<String> = std::env::args().collect();
    if let Some(code) = twin::main_if_hidden(&argv) {
        return code;
    }
    ExitCode::SUCCESS
}
