//! The bundle that a run leaves behind, where it was asked for one.

use std::{fs, io::ErrorKind, path::Path};

use super::Arguments;
use crate::{
    backend::ProbeContext,
    bundle::{
        DOCTOR, ENVIRONMENT, PAGE, PROFILE, RECORD, REPORT,
        environment::Environment,
        log::Log,
        reports,
        staging::{Staging, StagingError},
    },
    cli::{Exit, Failure, compare::now_unix_s, doctor, interrupt::Interrupt, output},
    report::record::{RunRecord, Status, Tool},
};

/// A bundle that is being made, or none.
pub(super) struct Bundling<'a> {
    arguments: &'a Arguments,
    staging: Option<Staging>,
    log: Log,
}

impl<'a> Bundling<'a> {
    /// Begins one if it is asked for. A place that is taken is refused before anything is measured.
    pub(super) fn open(arguments: &'a Arguments) -> Result<Self, Failure> {
        refuse_within(arguments)?;
        let staging = arguments.bundle.as_deref().map(Staging::begin).transpose();
        let staging = staging.map_err(|error| failure(&error))?;
        let log = staging.as_ref().map(|staging| Log::open(staging.folder())).transpose();
        let log = log.map_err(|error| Failure::new(Exit::Failed, format!("--bundle: {error}")))?;
        Ok(Self { arguments, staging, log: log.unwrap_or_default() })
    }

    /// Where launches keep what they read, where they are to.
    pub(super) fn folder(&self) -> Option<&Path> {
        self.staging.as_ref().map(Staging::folder)
    }

    /// Puts down what is going on.
    pub(super) fn say(&self, what: &str) {
        self.log.say(what);
    }

    /// Puts down what surrounds the run: the environment, the profile, and what doctor finds.
    pub(super) fn surround(
        &self,
        context: &ProbeContext,
        interrupt: &Interrupt,
    ) -> Result<(), Failure> {
        let Some(staging) = &self.staging else { return Ok(()) };
        let put = |name: &str, text: &str| {
            staging.put(name, text.as_bytes()).map_err(|error| failure(&error))
        };
        let Tool { version, commit, .. } = Tool::current();
        self.say(&format!("nanogate {version} ({commit}) begins"));
        put(ENVIRONMENT, &format!("{}\n", output::to_json(&Environment::read())?))?;
        if let Some(under) = &self.arguments.under {
            put(PROFILE, &under.text)?;
        }
        let (core, quick) = (self.arguments.core, self.arguments.quick);
        let document = doctor::document(core, quick, context, interrupt)?;
        self.say("doctor has looked at the machine");
        put(DOCTOR, &format!("{document}\n"))
    }

    /// Completes the bundle with the record of a run that is over, and says where it is. `exit` is
    /// that of its last launch.
    pub(super) fn finish(self, record: &RunRecord, exit: Exit) -> Result<(), Failure> {
        let Some(staging) = self.staging else { return Ok(()) };
        let out = self.arguments.out.display();
        let shown = staging.place().display().to_string();
        if record.status == Status::Running {
            let said = format!("--bundle {shown}: the run died; what was measured is in {out}");
            return Err(Failure::new(Exit::Failed, said));
        }
        if exit == Exit::Failed {
            let kept = staging.keep().display().to_string();
            let said =
                format!("--bundle {shown}: a launch failed; what there is of it is in {kept}");
            return Err(Failure::new(Exit::Failed, said));
        }
        let bytes = match fs::read(&self.arguments.out) {
            Ok(bytes) => bytes,
            Err(error) => {
                let kept = staging.keep().display().to_string();
                let said =
                    format!("--out {out}: {error}; what there is of the bundle is in {kept}");
                return Err(Failure::internal(said));
            }
        };
        let mut last = vec![(RECORD, bytes), (REPORT, reports::tables(record).into_bytes())];
        match reports::page(record) {
            Some(Ok(page)) => last.push((PAGE, page.into_bytes())),
            Some(Err(reason)) => self.log.say(&format!("{PAGE} could not be made: {reason}")),
            None => {}
        }
        self.log.say(&format!("the run is over, with {} entries", record.entries.len()));
        let place = staging.finish(&last, now_unix_s()).map_err(|error| failure(&error))?;
        let said = format!("bundle    {}", place.display());
        output::unless_closed(output::report(&said, self.arguments.json))
    }
}

/// What else a run writes must not get into the place of the bundle.
fn refuse_within(arguments: &Arguments) -> Result<(), Failure> {
    let Some(bundle) = &arguments.bundle else { return Ok(()) };
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let written = [
        ("--out", Some(arguments.out.as_path())),
        ("--history", arguments.history.as_deref()),
        ("--hlog", arguments.load.hlog.as_deref()),
    ];
    for (flag, path) in written {
        if let Some(path) = path.filter(|path| absolute(path).starts_with(absolute(bundle))) {
            let (path, bundle) = (path.display(), bundle.display());
            let said = format!("{flag} {path}: is in --bundle {bundle}; name another place");
            return Err(Failure::usage(said));
        }
    }
    Ok(())
}

fn failure(error: &StagingError) -> Failure {
    let exit = match error {
        StagingError::Unwritable { error, .. } if error.kind() == ErrorKind::StorageFull => {
            Exit::Failed
        }
        StagingError::Taken { .. } | StagingError::Unwritable { .. } => Exit::Usage,
        StagingError::Incomplete { .. } => Exit::Failed,
    };
    Failure::new(exit, error)
}
