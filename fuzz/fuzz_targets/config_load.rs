//! Any bytes as the files of an instance: see `crates/config/tests/fuzzing/load.rs`.
#![no_main]
#![allow(dead_code, reason = "each target uses a part of the shared properties")]

#[path = "../../crates/config/tests/fuzzing/mod.rs"]
mod fuzzing;

use std::cell::RefCell;

use fuzzing::{Instance, load_once};
use libfuzzer_sys::fuzz_target;

thread_local! {
    static INSTANCE: RefCell<Option<Instance>> = RefCell::new(Instance::new().ok());
}

fuzz_target!(|case: &[u8]| {
    INSTANCE.with_borrow_mut(|instance| match instance {
        Some(instance) => load_once(instance, case),
        None => panic!("there is no temporary directory to work in"),
    });
});
