//! The rules of the house as tests over the whole repository. CONTRIBUTING.md has them in words.
//!
//! Every rule is a function from text to findings, with tests of its own on samples that break it.

mod arrows;
mod code;
mod repo;
mod rust;
mod shape;
mod text;

use arrows::{Lock, Package};
use repo::{File, Finding};
use rust::RustFile;

/// Fails with every finding, one per line, ready to click.
fn assert_clean(rule: &str, findings: impl IntoIterator<Item = Finding>) {
    let lines: Vec<String> = findings.into_iter().map(|finding| finding.to_string()).collect();
    assert!(lines.is_empty(), "{rule}: {} found\n{}", lines.len(), lines.join("\n"));
}

/// Applies a rule to every Rust file.
fn in_rust(rule: &str, check: impl Fn(&RustFile) -> Vec<Finding>) {
    let files = rust_files();
    assert_clean(rule, files.iter().flat_map(check));
}

/// Applies a rule to every Rust file that is part of the product.
fn in_product(rule: &str, check: impl Fn(&RustFile) -> Vec<Finding>) {
    let files = rust_files();
    assert_clean(rule, files.iter().filter(|file| file.is_product()).flat_map(check));
}

/// Applies a rule to every text file.
fn in_text(rule: &str, check: impl Fn(&File) -> Vec<Finding>) {
    assert_clean(rule, repo::files().iter().flat_map(check));
}

fn rust_files() -> Vec<RustFile> {
    let files = repo::files().into_iter().filter(|file| file.path.ends_with(".rs"));
    let files: Vec<RustFile> = files.map(RustFile::new).collect();
    assert!(files.len() > 100, "only {} Rust files were found", files.len());
    files
}

fn packages() -> Vec<Package> {
    let packages = arrows::packages(&repo::metadata());
    assert!(packages.len() > 10, "only {} packages were found", packages.len());
    packages
}

fn lock() -> Lock {
    Lock::parse(&repo::read("Cargo.lock"))
}

#[test]
fn dependencies_point_down() {
    assert_clean("a room depends only on rooms below it", arrows::upward(&packages()));
}

#[test]
fn engines_stay_in_their_rooms() {
    assert_clean("each engine is used by the room that wraps it", arrows::strayed(&packages()));
}

#[test]
fn the_lock_file_stays_small_and_clean() {
    assert_clean("Cargo.lock", lock().findings());
}

#[test]
fn functions_fit_on_a_screen() {
    in_product("functions have at most 100 lines", shape::long_functions);
}

#[test]
fn files_hold_one_idea() {
    in_product("files have at most 800 lines of code", shape::long_files);
}

#[test]
fn lib_and_mod_only_declare() {
    in_product("lib.rs and mod.rs only declare and re-export", shape::crowded_roots);
}

#[test]
fn nothing_is_left_for_later() {
    in_rust("no todo!, unimplemented! or dbg!", rust::placeholders);
}

#[test]
fn errors_are_types() {
    in_product("no text as an error", rust::text_errors);
}

#[test]
fn lints_are_silenced_with_a_reason() {
    in_rust("every allow and expect has a reason", rust::unexplained_allows);
}

#[test]
fn results_are_not_dropped_in_silence() {
    in_rust("no `let _ =`; handle it, or `.ok()` with the reason beside it", rust::dropped_values);
}

#[test]
fn tests_are_ignored_with_a_reason() {
    in_rust("every #[ignore] says why", rust::unexplained_ignores);
}

#[test]
fn no_path_of_a_machine() {
    let roots = text::machine_roots(&repo::root(), std::env::home_dir().as_deref());
    in_text("no path of somebody's machine", |file| text::machine_paths(file, &roots));
}

#[test]
fn no_host_of_a_registry() {
    in_text("no host of a package registry", text::registry_hosts);
}

#[test]
fn no_marker_of_a_conflict() {
    in_text("no marker of a merge conflict", text::conflict_markers);
}
