//! Drivers on hosts without a display.

#![allow(unsafe_code, reason = "a driver is told by the environment only")]

use std::{env, fs};

/// Turns off the layer of Mesa that sorts graphics processors by the display they drive. We choose
/// by ourselves.
const VARIABLE: &str = "NODEVICE_SELECT";

/// Where the layer looks for a display.
const DISPLAYS: &str = "XDG_RUNTIME_DIR";

/// Keeps Mesa from complaining of a missing display at every probe, here and in processes that this
/// one starts. Does nothing where there may be a display, or where there are threads already.
pub fn hush_layers() {
    let is_told = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    if is_told(VARIABLE) || is_told(DISPLAYS) || !is_only_thread() {
        return;
    }
    // SAFETY: there is no other thread that could read the environment meanwhile.
    unsafe { env::set_var(VARIABLE, "1") };
}

/// Whether this process has one thread. Only Linux says so, and has that layer.
fn is_only_thread() -> bool {
    fs::read_dir("/proc/self/task").is_ok_and(|tasks| tasks.count() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A test has threads beside it: nothing is changed under them.
    #[test]
    fn threads_are_left_in_peace() {
        std::thread::scope(|scope| {
            let (done, wait) = std::sync::mpsc::channel::<()>();
            scope.spawn(move || wait.recv());
            assert!(!is_only_thread());
            drop(done);
        });
    }
}
