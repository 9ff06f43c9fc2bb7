//! A gate under a profile: what flags leave open, the profile says.

use super::{
    Arguments,
    plan::{self, Asked, Method},
};
use crate::{
    backend::ProbeContext,
    cli::{
        Exit, Failure,
        describe::{Described, Description},
        profile::{self, Given, Obeyed},
    },
    gate::limits::Limits,
    platform::{Profile, plan::GateBudget, record::ProfileRecord},
};

/// A gate's arguments with all that a profile says and no flag does.
pub(super) struct Under {
    pub(super) arguments: Arguments,
    obeyed: Obeyed,
    /// Whether flags name a latency.
    names_latency: bool,
}

/// Sets the host against the profile, and fills in what flags leave open.
pub(super) fn obey(
    arguments: &Arguments,
    asked: &str,
    context: &mut ProbeContext,
) -> Result<Under, Failure> {
    let mut obeyed = profile::obey(profile::open(asked)?, arguments.given(), context)?;
    obeyed.refuse_unmet()?;
    obeyed.put_down(context);
    Ok(Under::new(arguments, obeyed))
}

impl Arguments {
    /// The flags that take the place of what a profile says. A new flag does not compile before it
    /// is one of these, or none.
    fn given(&self) -> Given<'_> {
        let Self {
            against: _,
            candidate: _,
            target_dir: _,
            profile: _,
            backend,
            batch,
            method,
            budget,
            limits,
            quick,
            even_if_identical: _,
            unarmed: _,
            selftest: _,
            core,
            seed: _,
            out: _,
            history: _,
            json: _,
        } = self;
        let all = [
            ("--backend", !backend.is_empty()),
            ("--batch", !batch.is_empty()),
            ("--method", !method.is_empty()),
            ("--budget", budget.is_some()),
            ("--limits", limits.is_some()),
            ("--quick", *quick),
            ("--core", core.is_some()),
        ];
        let flags = all.into_iter().filter(|(_, is_given)| *is_given).map(|(flag, _)| flag);
        Given { flags: flags.collect(), core: *core, backends: backend }
    }

    /// Fills in the plan. Its names are known: the profile was opened.
    fn fill_plan(&mut self, profile: &Profile) {
        let plan = &profile.gate;
        if self.quick {
            return;
        }
        if self.batch.is_empty() {
            self.batch.clone_from(&plan.batch_lens);
        }
        if self.method.is_empty() {
            let is_asked = |method: &Method| plan.methods.iter().any(|name| name == method.name());
            self.method = Method::ALL.into_iter().filter(is_asked).collect();
        }
        if let (None, GateBudget::Seconds(seconds)) = (self.budget, plan.budget_s) {
            self.budget = Some(seconds);
        }
    }
}

impl Under {
    fn new(arguments: &Arguments, obeyed: Obeyed) -> Self {
        let mut filled = arguments.clone();
        filled.fill_plan(&obeyed.opened.profile);
        filled.core = obeyed.chosen.core;
        let names_latency = arguments.method.contains(&Method::Latency);
        Self { arguments: filled, obeyed, names_latency }
    }

    /// What is allowed, unless a flag names a file that says so.
    pub(super) fn limits(&self) -> Limits {
        self.obeyed.opened.limits.clone()
    }

    /// What the outcome says of the profile.
    pub(super) fn record(&self) -> ProfileRecord {
        self.obeyed.record.clone()
    }

    /// Asks both programs for the backends that are required, and the optional ones that both have.
    /// Gives what is left out of the profile, and why.
    pub(super) fn narrow(
        &self,
        asked: &mut Asked,
        baseline: &Description,
        candidate: &Description,
    ) -> Result<Vec<String>, Failure> {
        // A list of methods asks for no latency of batches that are long.
        asked.is_latency_named = self.names_latency;
        asked.backends.clear();
        let rule = self.obeyed.opened.profile.backends.gpu.device;
        let mut left_out = Vec::new();
        for found in &self.obeyed.backends {
            let id = found.entry.id;
            let is_it =
                |one: &Described| one.id == id && (one.kind != "gpu" || rule.allows(one.software));
            let lacking = [("baseline", baseline), ("candidate", candidate)]
                .into_iter()
                .find(|(_, about)| !about.backends.iter().any(is_it));
            match (lacking, &found.probed) {
                (None, _) => asked.backends.push(id.to_owned()),
                (Some((side, _)), _) if found.required => {
                    let name = &self.obeyed.opened.asked;
                    let message = format!(
                        "profile {name} requires {id}, and the {side} has none that can run here \
                         as it asks; `nanogate profile check {name}` says more"
                    );
                    return Err(Failure::new(Exit::Unfit, message));
                }
                (Some(_), Err(reason)) => left_out.push(format!("{id}: {reason}")),
                (Some((side, _)), Ok(_)) => {
                    left_out.push(format!("{id}: the {side} has none that can run here"));
                }
            }
        }
        left_out.extend(plan::left_out(asked, candidate));
        Ok(left_out)
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

    fn obeyed(flags: &[&str]) -> Under {
        let line = ["gate", "--against", "x", "--profile", "ci-shared-2core"];
        let Line { arguments } = Line::parse_from(line.iter().chain(flags));
        let opened = profile::open("ci-shared-2core").unwrap_or_else(|_| panic!("not shipped"));
        let obeyed = profile::obey(opened, arguments.given(), &mut ProbeContext::default());
        Under::new(&arguments, obeyed.unwrap_or_else(|failure| panic!("{}", failure.message())))
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
        obeyed: &Under,
        baseline: &Description,
        candidate: &Description,
    ) -> Result<Asked, Failure> {
        let mut asked = Asked {
            backends: obeyed.arguments.backend.clone(),
            batch_lens: Vec::new(),
            methods: Vec::new(),
            is_latency_named: false,
        };
        obeyed.narrow(&mut asked, baseline, candidate).map(|_| asked)
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
        assert_eq!(asked(&full, &full).unwrap().backends, ["simd-avx2", "scalar", "reference"]);
        assert_eq!(asked(&full, &fewer).unwrap().backends, ["scalar", "reference"]);
        let refused = asked(&full, &program(&[reference])).unwrap_err();
        assert_eq!(refused.exit(), Exit::Unfit);
        assert!(refused.message().contains("requires scalar, and the candidate"));
        let named = narrowed(&obeyed(&["--backend", "scalar"]), &full, &full).unwrap();
        assert_eq!(named.backends, ["scalar"]);
    }

    /// What the profile names and the gate does not measure is told with the reason, and the flags
    /// that took its place are put down.
    #[test]
    fn what_is_left_out_is_told() {
        let all = program(&[("reference", "cpu"), ("scalar", "cpu"), ("fpga-verilator", "fpga")]);
        let under = obeyed(&["--method", "throughput", "--limits", "x"]);
        assert_eq!(under.record().overridden, ["--method", "--limits"]);
        let mut asked = Asked {
            backends: Vec::new(),
            batch_lens: vec![4_096],
            methods: vec![Method::Throughput, Method::Latency],
            is_latency_named: false,
        };
        let left_out = under.narrow(&mut asked, &all, &all).unwrap();
        let has = |words: &str| left_out.iter().any(|one| one.contains(words));
        assert!(has("simd-avx2: ") && has("fpga-verilator: cycles"), "{left_out:?}");
        assert!(has("latency of batches of 4096"), "{left_out:?}");
    }
}
