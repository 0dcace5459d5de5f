//! Any bytes as the output of a program: see `crates/models/tests/outputs/mod.rs`.
#![no_main]

#[path = "../../crates/models/tests/outputs/mod.rs"]
mod outputs;

use libfuzzer_sys::fuzz_target;
use outputs::output_once;

fuzz_target!(|case: &[u8]| output_once(case));
