//! The arithmetic, once as an algorithm and once per kind of processor as instructions.
//!
//! `linear`, `norm` and `attention` are written against [`machine::Machine`]: sixteen numbers at a time, and products of
//! bytes. Each kind of processor implements that in a file of its own, and those are the only files with `unsafe` code.

mod attention;
mod compare;
mod linear;
mod machine;
mod norm;
mod portable;
mod set;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "x86_64")]
mod widened;

#[cfg(test)]
mod tests;

pub(crate) use attention::AttentionScratch;
pub(crate) use linear::{Activation, Linear, LinearScratch};
pub(crate) use norm::Norm;
pub use set::Kernels;
