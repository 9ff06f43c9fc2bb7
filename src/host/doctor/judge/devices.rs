//! Devices and tools of backends.

use super::Examination;
use crate::host::doctor::{
    devices::{Device, Presence},
    finding::{Finding, Subject},
};

pub(super) fn findings(examination: &Examination) -> Vec<Finding> {
    let devices = &examination.devices;
    vec![finding("vulkan", &devices.vulkan), finding("verilator", &devices.verilator)]
}

fn finding(code: &'static str, device: &Device) -> Finding {
    let subject = Subject::Devices;
    let others = device.adapters.len().saturating_sub(1);
    let others = if others > 0 { format!(", and {others} more") } else { String::new() };
    let text = format!("{}{others}", device.detail);
    match device.presence {
        Presence::Present => Finding::ok(subject, code, text),
        Presence::Software => Finding::note(subject, code, format!("imitated: {text}"))
            .advice("good for checking the shader; no figure of it is one of a GPU"),
        Presence::Missing | Presence::NotCompiled => Finding::note(subject, code, text)
            .advice("only its own backend needs it; `nanogate backends` lists the others"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{found, of};
    use super::*;
    use crate::host::doctor::finding::Severity;

    /// An imitated device is never fine, and a missing one says why.
    #[test]
    fn devices_are_judged() {
        let mut examination = of(&[]);
        let missing = found(&examination, "vulkan");
        assert_eq!((missing.severity, missing.found.as_str()), (Severity::Note, "no driver"));
        examination.devices.vulkan.presence = Presence::Software;
        assert!(found(&examination, "vulkan").found.starts_with("imitated"));
        examination.devices.vulkan.presence = Presence::Present;
        examination.devices.vulkan.adapters = vec!["one".into(), "two".into()];
        let present = found(&examination, "vulkan");
        assert_eq!(present.severity, Severity::Ok);
        assert!(present.found.ends_with("and 1 more"), "{}", present.found);
    }
}
