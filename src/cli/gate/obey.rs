//! A gate under a profile: what flags leave open, the profile says.

use super::{
    Arguments,
    plan::{Asked, Method},
};
use crate::{
    backend::ProbeContext,
    cli::{
        Exit, Failure,
        describe::{Described, Description},
        profile::{self, Opened},
    },
    gate::limits::Limits,
    host::affinity,
    platform::{Profile, plan::GateBudget},
};

/// A gate's arguments with all that a profile says and no flag does.
pub(super) struct Obeyed {
    pub(super) arguments: Arguments,
    opened: Opened,
    /// Whether flags name the backends, and a latency.
    names_backends: bool,
    names_latency: bool,
}

/// Sets the host against the profile, and fills in what flags leave open.
pub(super) fn obey(
    arguments: &Arguments,
    asked: &str,
    context: &mut ProbeContext,
) -> Result<Obeyed, Failure> {
    let opened = profile::open(asked)?;
    profile::apply(&opened.profile, context);
    let names_backends = !arguments.backend.is_empty();
    if !names_backends {
        profile::refuse_missing(opened.id(), &profile::backends(&opened.profile, context))?;
    }
    let mut filled = arguments.clone();
    fill(&mut filled, &opened.profile);
    if filled.core.is_none() {
        let usable = affinity::usable().unwrap_or_default();
        let chosen = opened.profile.pinning.choose(&usable).map_err(|error| {
            Failure::new(Exit::Unfit, format!("profile {}: {error}", opened.id()))
        })?;
        filled.core = chosen.core;
    }
    let requirements = profile::requirements(&opened.profile, filled.core);
    profile::refuse_unmet(opened.id(), &requirements)?;
    let names_latency = arguments.method.contains(&Method::Latency);
    Ok(Obeyed { arguments: filled, opened, names_backends, names_latency })
}

/// Fills in the plan. Its names are known: the profile was opened.
fn fill(arguments: &mut Arguments, profile: &Profile) {
    let plan = &profile.gate;
    if arguments.quick {
        return;
    }
    if arguments.batch.is_empty() {
        arguments.batch.clone_from(&plan.batch_lens);
    }
    if arguments.method.is_empty() {
        let is_asked = |method: &Method| plan.methods.iter().any(|name| name == method.name());
        arguments.method = Method::ALL.into_iter().filter(is_asked).collect();
    }
    if let (None, GateBudget::Seconds(seconds)) = (arguments.budget, plan.budget_s) {
        arguments.budget = Some(seconds);
    }
}

impl Obeyed {
    /// What is allowed, unless a flag names a file that says so.
    pub(super) fn limits(&self) -> Limits {
        self.opened.limits.clone()
    }

    /// What is asked of both programs: the backends that the profile requires, and the optional
    /// ones that both have.
    pub(super) fn narrow(
        &self,
        asked: &mut Asked,
        baseline: &Description,
        candidate: &Description,
    ) -> Result<(), Failure> {
        // A list of methods asks for no latency of batches that are long.
        asked.is_latency_named = self.names_latency;
        if self.names_backends {
            return Ok(());
        }
        let backends = &self.opened.profile.backends;
        for (id, required) in backends.all() {
            let is_it = |one: &Described| {
                one.id == id && (one.kind != "gpu" || backends.gpu.device.allows(one.software))
            };
            let lacking = [("baseline", baseline), ("candidate", candidate)]
                .into_iter()
                .find(|(_, about)| !about.backends.iter().any(is_it));
            match lacking {
                None => asked.backends.push(id.to_owned()),
                Some((side, _)) if required => {
                    let message = format!(
                        "profile {} requires {id}, and the {side} has none that can run here as \
                         it asks; `nanogate profile check` says more",
                        self.opened.id()
                    );
                    return Err(Failure::new(Exit::Unfit, message));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::{cli::worker::PROTOCOL, report::record::Tool};

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn obeyed(flags: &[&str]) -> Obeyed {
        let line = ["gate", "--against", "x", "--profile", "ci-shared-2core"];
        let Line { arguments } = Line::parse_from(line.iter().chain(flags));
        let opened = profile::open("ci-shared-2core").unwrap_or_else(|_| panic!("not shipped"));
        let mut filled = arguments.clone();
        fill(&mut filled, &opened.profile);
        let names_backends = !arguments.backend.is_empty();
        let names_latency = arguments.method.contains(&Method::Latency);
        Obeyed { arguments: filled, opened, names_backends, names_latency }
    }

    fn program(backends: &[(&str, &str)]) -> Description {
        let one = |&(id, kind): &(&str, &str)| Described {
            id: id.into(),
            kind: kind.into(),
            software: false,
        };
        Description {
            protocol: PROTOCOL,
            tool: Tool::current(),
            features: Vec::new(),
            backends: backends.iter().map(one).collect(),
        }
    }

    fn narrowed(
        obeyed: &Obeyed,
        baseline: &Description,
        candidate: &Description,
    ) -> Result<Asked, Failure> {
        let mut asked = Asked {
            backends: obeyed.arguments.backend.clone(),
            batch_lens: Vec::new(),
            methods: Vec::new(),
            is_latency_named: false,
        };
        obeyed.narrow(&mut asked, baseline, candidate).map(|()| asked)
    }

    /// What no flag says, the profile says; --quick keeps what it stands for.
    #[test]
    fn gaps_are_filled() {
        let filled = obeyed(&[]);
        assert_eq!(filled.arguments.batch, [256, 4_096]);
        assert_eq!(filled.arguments.method, [Method::Throughput, Method::Cycles]);
        assert_eq!(filled.arguments.budget, None);
        assert!((filled.limits().family_error - 0.001).abs() < 1e-12);
        let quick = obeyed(&["--quick", "--batch", "16"]);
        assert_eq!(quick.arguments.batch, [16]);
        assert!(quick.arguments.method.is_empty());
    }

    /// Required backends must be in both programs, optional ones may; what flags name is left.
    #[test]
    fn backends_are_those_of_both() {
        let (reference, scalar) = (("reference", "cpu"), ("scalar", "cpu"));
        let full = program(&[reference, scalar, ("simd-avx2", "simd")]);
        let fewer = program(&[reference, scalar]);
        let asked = |one: &Description, other: &Description| narrowed(&obeyed(&[]), one, other);
        assert_eq!(asked(&full, &full).unwrap().backends, ["reference", "scalar", "simd-avx2"]);
        assert_eq!(asked(&full, &fewer).unwrap().backends, ["reference", "scalar"]);
        let refused = asked(&full, &program(&[reference])).unwrap_err();
        assert_eq!(refused.exit(), Exit::Unfit);
        assert!(refused.message().contains("requires scalar, and the candidate"));
        let named = narrowed(&obeyed(&["--backend", "scalar"]), &full, &full).unwrap();
        assert_eq!(named.backends, ["scalar"]);
    }
}
