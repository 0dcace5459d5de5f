//! The top of the descriptor table.

use super::Config;
use crate::read::{ConfigType as _, Section as _};
use crate::spec::{Kind, SectionSpec};

static SPEC: SectionSpec = Config::SPEC;
static ROOT: Kind = Config::KIND;

/// The table of the top-level keys.
#[must_use]
pub fn spec() -> &'static SectionSpec {
    &SPEC
}

/// The shape of the whole file.
pub(crate) fn root() -> &'static Kind {
    &ROOT
}
