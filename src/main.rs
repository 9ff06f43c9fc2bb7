//! The `nanogate` program.

fn main() -> std::process::ExitCode {
    nanogate::cli::main()
}
