//! The built-in embedding model: all-MiniLM-L6-v2, its weights rounded to 8 bits, compiled into the program.
//!
//! Text goes in, a vector of 384 numbers and length 1 comes out; the cosine of two vectors says how much two texts mean the
//! same. No network, no file, no key, no thread: [`Encoder::encode`] works on the thread that calls it. The
//! weights lie in the read-only part of the program, so that only those pages take memory that a text needs, and those only until
//! somebody says [`give_back`].
//!
//! All arithmetic is the same on every processor, bit for bit: products are exact integers, and numbers with a fraction are
//! added in one order and never fused. What one machine indexed, another one can search.
//!
//! ```
//! use openclaw_encoder::{DIMENSIONS, Encoder};
//!
//! # fn main() -> Result<(), openclaw_encoder::DataError> {
//! let encoder = Encoder::builtin()?;
//! let vectors = encoder.encode(&["the cat sleeps", "a kitten is napping", "quarterly tax report"]);
//! assert_eq!(vectors[0].len(), DIMENSIONS);
//! let cosine = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
//! assert!(cosine(&vectors[0], &vectors[1]) > cosine(&vectors[0], &vectors[2]) + 0.2);
//! # Ok(())
//! # }
//! ```

mod characters;
mod data;
mod encoder;
mod forward;
mod idle;
mod kernels;
mod model;
mod pieces;
mod tokens;

pub use data::{DataError, MODEL_SHA256, model_file};
pub use encoder::{DIMENSIONS, Encoder, FINGERPRINT, MAX_TOKENS, MODEL};
pub use idle::give_back;
pub use kernels::Kernels;
