//! The program `pathpatch`.

fn main() -> std::process::ExitCode {
    pathpatch_cli::main()
}
