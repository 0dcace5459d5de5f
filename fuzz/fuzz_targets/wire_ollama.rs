//! Any bytes as an answer of an Ollama: see `crates/models/tests/fuzzing/mod.rs`.
#![no_main]

#[path = "../../crates/models/tests/fuzzing/mod.rs"]
mod fuzzing;

use fuzzing::stream_once;
use libfuzzer_sys::fuzz_target;
use openclaw_models::WireApi;

fuzz_target!(|case: &[u8]| stream_once(WireApi::OllamaChat, case));
