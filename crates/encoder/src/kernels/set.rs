//! The kernels of one kind of processor, as functions; and which of them this processor can run.
#![allow(
    unsafe_code,
    reason = "functions that need certain instructions are called once these are known to exist"
)]

use std::fmt;

use super::attention::{self, AttentionScratch};
use super::compare;
use super::linear::{self, Linear, LinearScratch};
use super::norm::{self, Norm};
use super::portable::Portable;

type LinearFn = unsafe fn(&Linear, &[f32], &mut [f32], &mut LinearScratch);
type NormFn = unsafe fn(&Norm, &[f32], &mut [f32]);
type AttentionFn = unsafe fn(&[f32], &mut [f32], &mut AttentionScratch);
type DotsFn = unsafe fn(&[i8], &[i8], &mut [i32]);
type DifferencesFn = unsafe fn(&[u64], &[u64], &mut [u32]);
#[cfg(test)]
type ProductsFn = unsafe fn(&[u8], super::machine::Blocks<'_>, &mut [i32]);

/// Which instructions the encoder uses. All kinds make the same vectors, at different speed.
///
/// A value only exists where its instructions do.
#[derive(Clone, Copy)]
pub struct Kernels(&'static Functions);

struct Functions {
    name: &'static str,
    chunk: usize,
    linear: LinearFn,
    norm: NormFn,
    attention: AttentionFn,
    dots: DotsFn,
    differences: DifferencesFn,
    #[cfg(test)]
    products: ProductsFn,
}

/// Compiles the algorithms for one kind of processor.
macro_rules! functions {
    ($module:ident, $name:literal, $chunk:literal, $machine:expr $(, $features:literal)?) => {
        mod $module {
            use super::*;

            pub(super) static FUNCTIONS: Functions = Functions {
                name: $name,
                chunk: $chunk,
                linear,
                norm,
                attention,
                dots,
                differences,
                #[cfg(test)]
                products,
            };

            $(#[target_feature(enable = $features)])?
            fn linear(layer: &Linear, inputs: &[f32], outputs: &mut [f32], scratch: &mut LinearScratch) {
                linear::linear($machine, layer, inputs, outputs, scratch);
            }

            $(#[target_feature(enable = $features)])?
            fn norm(by: &Norm, more: &[f32], rows: &mut [f32]) {
                norm::norm($machine, by, more, rows);
            }

            $(#[target_feature(enable = $features)])?
            fn attention(qkv: &[f32], mixed: &mut [f32], scratch: &mut AttentionScratch) {
                attention::attention($machine, qkv, mixed, scratch);
            }

            $(#[target_feature(enable = $features)])?
            fn dots(query: &[i8], rows: &[i8], sums: &mut [i32]) {
                compare::dots(query, rows, sums);
            }

            $(#[target_feature(enable = $features)])?
            fn differences(query: &[u64], rows: &[u64], counts: &mut [u32]) {
                compare::differences(query, rows, counts);
            }

            #[cfg(test)]
            $(#[target_feature(enable = $features)])?
            fn products(inputs: &[u8], blocks: crate::kernels::machine::Blocks<'_>, sums: &mut [i32]) {
                crate::kernels::machine::Machine::products($machine, inputs, blocks, sums);
            }
        }
    };
}

functions!(portable, "portable", 64, Portable);
#[cfg(target_arch = "x86_64")]
functions!(avx2, "AVX2", 128, crate::kernels::avx2::Avx2::new(), "avx2,popcnt");
#[cfg(target_arch = "x86_64")]
functions!(avx_vnni, "AVX-VNNI", 64, crate::kernels::avx2::AvxVnni::new(), "avx2,popcnt,avxvnni");
#[cfg(target_arch = "x86_64")]
functions!(
    avx512,
    "AVX-512 VNNI",
    64,
    crate::kernels::avx512::Avx512::new(),
    "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,popcnt"
);
#[cfg(target_arch = "aarch64")]
functions!(neon, "NEON", 64, crate::kernels::neon::Neon);

impl Kernels {
    /// Those that this processor can run, the fastest first, the portable ones last.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let mut found = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            let has_popcnt = is_x86_feature_detected!("popcnt");
            let has_avx512 = has_popcnt
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512vnni");
            if has_avx512 {
                found.push(Self(&avx512::FUNCTIONS));
            }
            if has_popcnt && is_x86_feature_detected!("avx2") && is_x86_feature_detected!("avxvnni") {
                found.push(Self(&avx_vnni::FUNCTIONS));
            }
            if has_popcnt && is_x86_feature_detected!("avx2") {
                found.push(Self(&avx2::FUNCTIONS));
            }
        }
        #[cfg(target_arch = "aarch64")]
        found.push(Self(&neon::FUNCTIONS));
        found.push(Self::portable());
        found
    }

    /// The fastest ones here.
    #[must_use]
    pub fn best() -> Self {
        Self::available().first().copied().unwrap_or_else(Self::portable)
    }

    /// Those that every processor can run.
    #[must_use]
    pub fn portable() -> Self {
        Self(&portable::FUNCTIONS)
    }

    /// As people call the instructions.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// The product of a query with each of many rows that are as long as it, one behind the other: `sums[row]`. Exact. Rows
    /// without room for their sum are left out, and so is what is no whole row.
    pub fn dots(self, query: &[i8], rows: &[i8], sums: &mut [i32]) {
        // SAFETY: values are only made by `available` and `portable`, which looked for the instructions.
        unsafe { (self.0.dots)(query, rows, sums) }
    }

    /// In how many bits each of many rows differs from a query that is as long; otherwise as [`Kernels::dots`].
    pub fn differences(self, query: &[u64], rows: &[u64], counts: &mut [u32]) {
        // SAFETY: as above.
        unsafe { (self.0.differences)(query, rows, counts) }
    }

    /// Rows that pass a layer together: few, so that what lies between two steps stays near, and as many as pay for what these
    /// instructions prepare.
    pub(crate) fn chunk(self) -> usize {
        self.0.chunk
    }

    pub(crate) fn linear(
        self,
        layer: &Linear,
        inputs: &[f32],
        outputs: &mut [f32],
        scratch: &mut LinearScratch,
    ) {
        let (columns, rows) = (layer.balance.len(), layer.biases.len());
        let chunks = inputs.chunks(self.chunk() * columns).zip(outputs.chunks_mut(self.chunk() * rows));
        for (inputs, outputs) in chunks {
            // SAFETY: values are only made by `available` and `portable`, which looked for the instructions.
            unsafe { (self.0.linear)(layer, inputs, outputs, scratch) }
        }
    }

    pub(crate) fn norm(self, by: &Norm, more: &[f32], rows: &mut [f32]) {
        // SAFETY: as above.
        unsafe { (self.0.norm)(by, more, rows) }
    }

    pub(crate) fn attention(self, qkv: &[f32], mixed: &mut [f32], scratch: &mut AttentionScratch) {
        // SAFETY: as above.
        unsafe { (self.0.attention)(qkv, mixed, scratch) }
    }

    #[cfg(test)]
    pub(super) fn products(self, inputs: &[u8], blocks: super::machine::Blocks<'_>, sums: &mut [i32]) {
        // SAFETY: as above.
        unsafe { (self.0.products)(inputs, blocks, sums) }
    }
}

impl fmt::Debug for Kernels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
