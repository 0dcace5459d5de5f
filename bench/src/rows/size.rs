//! What one installs.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::report::{Bar, Metric, Results};
use crate::subject::Subject;

static BYTES: Metric = Metric { what: "what is installed", unit: "MB", bar: Bar::LessIsBetter };
static PACKAGES: Metric = Metric { what: "locked packages", unit: "packages", bar: Bar::AtMost(299.0) };

pub(super) fn measure(subject: &Subject, results: &mut Results) -> Result<()> {
    let path = subject.installed();
    // The peer is a script in a folder in the folder of all packages.
    let folder = subject.choose(path, path.parent().and_then(Path::parent).unwrap_or(path));
    results.record(&BYTES, &[bytes_below(folder)? / 1e6]);
    let packages = if folder.is_file() {
        read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock"))?.matches("[[package]]").count()
    } else {
        read(&folder.join(".package-lock.json"))?.matches("\"node_modules/").count()
    };
    results.record(&PACKAGES, &[f64::from(u32::try_from(packages)?)]);
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| path.display().to_string())
}

/// Bytes of a file, or of all files in a folder; links are not followed.
fn bytes_below(path: &Path) -> Result<f64> {
    let kind = path.symlink_metadata().with_context(|| path.display().to_string())?;
    if !kind.is_dir() {
        return Ok(f64::from(u32::try_from(kind.len()).unwrap_or(u32::MAX)));
    }
    let mut sum = 0.0;
    for entry in path.read_dir()? {
        sum += bytes_below(&entry?.path())?;
    }
    Ok(sum)
}
