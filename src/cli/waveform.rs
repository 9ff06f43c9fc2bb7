//! Waveforms: every signal of simulated hardware while it works on a few records.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{Exit, Failure, output};
use crate::{
    backend::{Batch, SimulatedBackend},
    descriptor::Record,
    op::Op,
};

/// A file that a waveform goes to. It appears whole or not at all.
pub(super) struct Waveform {
    path: PathBuf,
}

/// How to look at one.
pub(super) const VIEWERS: &str = "open it in a VCD viewer such as gtkwave or surfer";

impl Waveform {
    /// Checks that a waveform can be written to `path`, before anything takes long.
    pub(super) fn new(path: &Path) -> Result<Self, Failure> {
        let refused = |why: &dyn std::fmt::Display| {
            Failure::usage(format!("--trace {}: {why}", path.display()))
        };
        if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("vcd")) {
            return Err(refused(
                &"a waveform is a value change dump: name a file that ends in .vcd",
            ));
        }
        if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            return Err(refused(&"exists and is no file; name another"));
        }
        let waveform = Self { path: path.to_owned() };
        match output::temporary(waveform.folder()) {
            Ok(_) => Ok(waveform),
            Err(error) => Err(refused(&format!("cannot write there: {error}"))),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Lets the design decide on the records, and keeps the waveform.
    pub(super) fn write(
        &self,
        simulated: &mut dyn SimulatedBackend,
        records: &[Record],
        verdicts: &mut [u8],
    ) -> Result<(), Failure> {
        let failed = |error: &dyn std::fmt::Display| {
            Failure::new(Exit::Failed, format!("--trace {}: {error}", self.path.display()))
        };
        let batch = Batch::new(Op::Decide, Record::bytes_of(records)).map_err(Failure::internal)?;
        let file = output::temporary(self.folder()).map_err(|error| failed(&error))?;
        simulated.trace(batch, verdicts, file.path()).map_err(|error| failed(&error))?;
        let persisted = file.persist(&self.path);
        persisted
            .map(drop)
            .map_err(|error: tempfile::PersistError| failed(&error.error as &io::Error))
    }

    fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{backend::mock::Simulated, kernel};

    /// Only a file that ends in .vcd, in a folder that is there, is taken.
    #[test]
    fn paths_are_checked_first() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("folder.vcd")).unwrap();
        for name in ["wave", "wave.txt", "no/such/wave.vcd", "folder.vcd"] {
            let refused = Waveform::new(&folder.path().join(name)).err().unwrap();
            assert_eq!(refused.exit(), Exit::Usage, "{name}");
        }
        assert!(Waveform::new(&folder.path().join("wave.vcd")).is_ok());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "checking leaves nothing behind");
    }

    /// A waveform comes with the verdicts, and a design that fails leaves no file.
    #[test]
    fn a_waveform_is_whole_or_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let waveform = Waveform::new(&folder.path().join("wave.vcd")).unwrap();
        let records = [Record::from_bytes([0; 24]); 3];
        let mut verdicts = [9; 3];
        let mut failing = Simulated::golden(Op::Decide).fails_from(3);
        assert!(waveform.write(&mut failing, &records, &mut verdicts).is_err());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        let mut golden = Simulated::golden(Op::Decide);
        waveform.write(&mut golden, &records, &mut verdicts).map_err(|_| ()).unwrap();
        assert_eq!(verdicts.as_slice(), kernel::run(Op::Decide, &[0; 72]).unwrap());
        assert!(fs::read_to_string(waveform.path()).unwrap().contains("$enddefinitions"));
    }
}
