//! What an algorithm may ask of a processor.

/// How many numbers are worked on at once.
pub(super) const LANES: usize = 16;

/// Weights that lie in blocks of [`LANES`] rows; in a block, columns by [`GROUP`]; of each such group the rows one after the
/// other.
#[derive(Clone, Copy)]
pub(super) struct Blocks<'a> {
    /// Signed bytes.
    pub(super) weights: &'a [u8],
    pub(super) columns: usize,
    pub(super) rows: usize,
}

/// Columns that lie together.
pub(super) const GROUP: usize = 4;

impl Blocks<'_> {
    /// How many rows of inputs there are. Kernels read and write through pointers and rely on what is checked here.
    ///
    /// # Panics
    /// When the sizes do not belong together.
    pub(super) fn inputs(self, inputs: &[u8], sums: &[i32]) -> usize {
        let count = inputs.len() / self.columns;
        assert!(
            self.columns.is_multiple_of(GROUP) && self.rows.is_multiple_of(3 * LANES),
            "rows fill their blocks"
        );
        assert_eq!(self.weights.len(), self.columns * self.rows, "one weight per column and row");
        assert_eq!(inputs.len(), count * self.columns, "inputs are whole rows");
        assert_eq!(sums.len(), count * self.rows, "one sum per input and row");
        count
    }
}

/// A kind of processor, as a value that only exists where its instructions do.
///
/// Every implementation returns the same bits: each operation is one rounding of IEEE 754, and products of bytes are exact.
pub(super) trait Machine: Copy {
    /// Sixteen f32.
    type Numbers: Copy;

    /// The same number sixteen times.
    fn splat(self, number: f32) -> Self::Numbers;
    /// Reads numbers.
    fn load(self, from: &[f32; LANES]) -> Self::Numbers;
    /// Writes numbers.
    fn store(self, numbers: Self::Numbers, to: &mut [f32; LANES]);
    /// `a + b`
    fn add(self, a: Self::Numbers, b: Self::Numbers) -> Self::Numbers;
    /// `a - b`
    fn sub(self, a: Self::Numbers, b: Self::Numbers) -> Self::Numbers;
    /// `a * b`
    fn mul(self, a: Self::Numbers, b: Self::Numbers) -> Self::Numbers;
    /// `a / b`
    fn div(self, a: Self::Numbers, b: Self::Numbers) -> Self::Numbers;
    /// The greater one; numbers are finite.
    fn max(self, a: Self::Numbers, b: Self::Numbers) -> Self::Numbers;
    /// The smaller one; numbers are finite.
    fn min(self, a: Self::Numbers, b: Self::Numbers) -> Self::Numbers;
    /// `|a|`
    fn abs(self, a: Self::Numbers) -> Self::Numbers;
    /// `a` times two to the power of the integer in the lowest bits of the representation of `exponent`. The result must be
    /// an ordinary number.
    fn exp2(self, a: Self::Numbers, exponent: Self::Numbers) -> Self::Numbers;
    /// Writes the lowest byte of each representation.
    fn store_bytes(self, numbers: Self::Numbers, to: &mut [u8; LANES]);
    /// `sums - zero * weights` in integers, rounded to f32.
    fn centred(self, sums: &[i32; LANES], weights: &[i32; LANES], zero: i32) -> Self::Numbers;
    /// The product of each row of inputs (unsigned) with each row of weights (signed): `sums[input][row]`.
    fn products(self, inputs: &[u8], blocks: Blocks<'_>, sums: &mut [i32]);
}

/// 1.5 * 2^23: f32 of this size have no fraction, and a number added to it is rounded and stands in the lowest bits.
pub(super) const MAGIC: f32 = 12_582_912.0;
/// Below this the power of e is no ordinary f32 any more; as weight in a mean it is nothing.
const MIN_EXP: f32 = -86.0;

/// e to the power of numbers that are at most 0, with an error of 2 units in the last place (coefficients of Cephes'
/// `expf`).
#[inline(always)]
pub(super) fn exp<M: Machine>(m: M, x: M::Numbers) -> M::Numbers {
    let x = m.max(x, m.splat(MIN_EXP));
    let exponent = m.add(m.mul(x, m.splat(std::f32::consts::LOG2_E)), m.splat(MAGIC));
    let whole = m.sub(exponent, m.splat(MAGIC));
    // ln 2 in two parts, the first one with few digits, so that nothing is lost.
    let rest = m.sub(x, m.mul(whole, m.splat(0.693_359_4)));
    let rest = m.sub(rest, m.mul(whole, m.splat(-2.121_944_4e-4)));
    let coefficients =
        [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5, 1.0, 1.0];
    m.exp2(polynomial(m, rest, &coefficients), exponent)
}

/// The polynomial with these coefficients, that of the highest power first.
#[inline(always)]
pub(super) fn polynomial<M: Machine, const N: usize>(
    m: M,
    x: M::Numbers,
    coefficients: &[f32; N],
) -> M::Numbers {
    let mut sum = m.splat(coefficients[0]);
    for coefficient in &coefficients[1..] {
        sum = m.add(m.mul(sum, x), m.splat(*coefficient));
    }
    sum
}

/// Sixteen numbers to one, always in the same order.
#[inline(always)]
pub(super) fn reduce<M: Machine>(m: M, numbers: M::Numbers, join: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [0.0; LANES];
    m.store(numbers, &mut lanes);
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] = join(lanes[lane], lanes[lane + width]);
        }
        width /= 2;
    }
    lanes[0]
}
