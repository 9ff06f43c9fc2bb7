//! Tells the program how it was built, and builds the simulated hardware: `build/fpga.rs`.

#[path = "build/fpga.rs"]
mod fpga;

use std::{env, path::Path, process::Command};

fn main() {
    let revision = output("git", &["describe", "--always", "--dirty", "--abbrev=12"]);
    let rustc = output(&env::var("RUSTC").unwrap_or_else(|_| "rustc".into()), &["--version"]);
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default().replace('\x1f', " ");
    set("NANOGATE_COMMIT", revision.as_deref().unwrap_or("unknown"));
    set("NANOGATE_RUSTC", rustc.as_deref().unwrap_or("unknown"));
    set("NANOGATE_TARGET", &env::var("TARGET").unwrap_or_default());
    set("NANOGATE_RUSTFLAGS", &flags);
    let inputs = [".git/HEAD", ".git/index", "src", "corpus", "Cargo.toml", "Cargo.lock"];
    // A path that is not there would make every build run this again.
    for path in inputs.into_iter().filter(|path| Path::new(path).exists()) {
        println!("cargo::rerun-if-changed={path}");
    }
    fpga::build();
}

fn set(name: &str, value: &str) {
    println!("cargo::rustc-env={name}={value}");
}

/// First line that a program prints. `None` when it cannot run or fails.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
