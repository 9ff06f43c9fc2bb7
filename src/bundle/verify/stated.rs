//! What of a record follows from no reading, in words. A test changes every value of a record, and
//! whatever is not found must be here.

/// What is taken as it is stated, whatever the record.
pub(super) const ALWAYS: [&str; 10] = [
    "that outputs were compared with the golden model",
    "when the run began, its budget, and what was skipped",
    "the machine, the program, the corpus, and what devices and designs are",
    "the profile's requirements and rules, and which flags took its place",
    "what the timer and the counters were qualified by, and whether device clocks agree",
    "bytes of footprints, cores, the seed of layouts, and why measuring of a launch ended",
    "what the system did meanwhile, and what a measurement took of it",
    "clients that asked nothing, how and at what rate others did and why, the bound of a knee, and \
     what simulating costs",
    "warnings, but for those of readings that are not steady, of rates that were not kept, and of \
     cycles",
    "doctor.json, log.txt, and environment.json but for the program",
];

/// What is taken as it is stated too, where another program wrote it.
pub(super) const REPORTS: &str = "report.txt and report.html, which another program wrote";
