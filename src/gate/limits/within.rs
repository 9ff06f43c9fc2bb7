//! Limits within a larger document: a profile.

use serde::Deserialize;

use super::{File, Limits, LimitsError};

/// A document, as far as it is about limits.
#[derive(Deserialize)]
struct Document {
    limits: File,
}

impl Limits {
    /// Reads the table `limits` of a document, whatever else it holds. Places in errors are those
    /// of the document.
    pub fn within(text: &str) -> Result<Self, LimitsError> {
        let Document { limits } = toml::from_str(text)?;
        Self::checked(limits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table is read as a file of its own would be, and slips have the line of the document.
    #[test]
    fn a_table_is_a_file() {
        let alone = "version = 1\nfamily_error_percent = 1\n";
        let within = format!("other = true\n[limits]\n{alone}");
        assert_eq!(Limits::within(&within).unwrap(), Limits::parse(alone).unwrap());
        let slip = "a = 1\n\n[limits]\nversion = 1\n[[limits.limit]]\nsoft = 2\n";
        let error = Limits::within(slip).unwrap_err().to_string();
        assert!(error.contains("line 6, column 1") && error.contains("soft"), "{error}");
        assert!(Limits::within("a = 1").unwrap_err().to_string().contains("limits"));
    }
}
