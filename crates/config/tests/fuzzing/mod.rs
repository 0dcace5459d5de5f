//! What holds for any bytes: one execution each for the loader and the editor, which stops the program where a property
//! is broken. The test of this crate and the fuzz targets in `fuzz/` run the same code.

mod edit;
mod instance;
mod load;
mod operation;
mod syntax;

#[allow(unused_imports, reason = "every fuzz target compiles this module and uses a part of it")]
pub(crate) use {edit::edit_once, instance::Instance, load::load_once};
