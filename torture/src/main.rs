//! Kills the built `openclaw`, breaks its disk, and counts what was lost or done twice:
//! `cargo xtask torture -- --help`.
//!
//! Each promise of the durable core has a module, named after its number. All run on the loopback interface in temporary
//! homes, against a scripted model inside this process, and end by themselves. The seed that is printed first repeats
//! every choice of a run.

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod harness;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn main() -> anyhow::Result<std::process::ExitCode> {
    harness::main()
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn main() -> anyhow::Result<()> {
    anyhow::bail!("the tracer knows Linux on x86-64 only; run this there")
}
