//! The bundle that a run leaves behind, where it was asked for one.

use std::{fs, path::Path};

use super::Arguments;
use crate::{
    backend::ProbeContext,
    bundle::{
        DOCTOR, ENVIRONMENT, PAGE, PROFILE, RECORD, REPORT,
        environment::Environment,
        log::Log,
        staging::{Staging, StagingError},
    },
    cli::{Exit, Failure, compare::now_unix_s, doctor, interrupt::Interrupt, output},
    export::{
        self,
        document::{self, Origin, Source},
    },
    report::{
        record::{RunRecord, Status, Tool},
        screen::Screen,
        table::{self, Detail},
    },
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

    /// Completes the bundle with the record of a run that is over, and says where it is.
    pub(super) fn finish(self, record: &RunRecord) -> Result<(), Failure> {
        let Some(staging) = self.staging else { return Ok(()) };
        let out = self.arguments.out.display();
        if record.status == Status::Running {
            let place = staging.place().display();
            return Err(Failure::new(
                Exit::Failed,
                format!("--bundle {place}: the run died; what was measured is in {out}"),
            ));
        }
        let bytes = fs::read(&self.arguments.out)
            .map_err(|error| Failure::internal(format!("--out {out}: {error}")))?;
        let put =
            |name: &str, bytes: &[u8]| staging.put(name, bytes).map_err(|error| failure(&error));
        put(RECORD, &bytes)?;
        put(REPORT, table::render(record, Detail::Spread, &Screen::PLAIN).as_bytes())?;
        match page(bytes) {
            Some(Ok(page)) => put(PAGE, page.as_bytes())?,
            Some(Err(reason)) => self.log.say(&format!("{PAGE} could not be made: {reason}")),
            None => {}
        }
        self.log.say(&format!("the run is over, with {} entries", record.entries.len()));
        let place = staging.finish(now_unix_s()).map_err(|error| failure(&error))?;
        let said = format!("bundle    {}", place.display());
        output::unless_closed(output::report(&said, self.arguments.json))
    }
}

/// The record as a page for browsers, or why there is none. `None` where the program has no such
/// format.
fn page(record: Vec<u8>) -> Option<Result<String, String>> {
    let format = export::find("html")?;
    let source = Source { name: RECORD.into(), bytes: record };
    let documents = document::read(&[source], Origin::Nanogate).map_err(|error| error.to_string());
    Some(documents.and_then(|all| format.export(&all).map_err(|error| error.to_string())))
}

fn failure(error: &StagingError) -> Failure {
    let exit = match error {
        StagingError::Taken { .. } | StagingError::Unwritable { .. } => Exit::Usage,
        StagingError::Incomplete { .. } => Exit::Failed,
    };
    Failure::new(exit, error)
}
