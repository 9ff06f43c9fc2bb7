//! Whether the gate may arm on this host.

use std::fs;

use super::Arguments;
use crate::{
    cli::{Exit, Failure},
    gate::{
        fitness,
        outcome::Arming,
        selftest::{SCHEMA, SelfTest},
    },
    host::fingerprint::Fingerprint,
};

/// Why verdicts count on this host. Told to, the gate arms all the same, and the result says so.
pub(super) fn arm(
    arguments: &Arguments,
    host: &Fingerprint,
    now_unix_s: u64,
) -> Result<Arming, Failure> {
    let armed = read(arguments).and_then(|result| {
        fitness::may_arm(&result, host, now_unix_s).map_err(|unfit| unfit.to_string())
    });
    match armed {
        Ok(armed) => Ok(Arming {
            forced: false,
            false_alarms_at_most: Some(armed.false_alarms_at_most),
            self_test_age_days: Some(armed.age_days),
            unfit: None,
        }),
        Err(unfit) if arguments.unarmed => Ok(Arming {
            forced: true,
            false_alarms_at_most: None,
            self_test_age_days: None,
            unfit: Some(unfit),
        }),
        Err(unfit) => {
            let message = format!("the gate may not arm: {unfit}; or add --unarmed");
            Err(Failure::new(Exit::Unfit, message))
        }
    }
}

/// The stored self-test, or why there is none.
fn read(arguments: &Arguments) -> Result<SelfTest, String> {
    let path = arguments.selftest.display();
    let text = fs::read_to_string(&arguments.selftest)
        .map_err(|error| format!("no self-test in {path} ({error}); run `nanogate selftest`"))?;
    let result: SelfTest = serde_json::from_str(&text)
        .map_err(|error| format!("{path} is no self-test ({error}); run `nanogate selftest`"))?;
    if result.schema == SCHEMA {
        Ok(result)
    } else {
        Err(format!("{path} is `{}`, not `{SCHEMA}`; run `nanogate selftest`", result.schema))
    }
}
