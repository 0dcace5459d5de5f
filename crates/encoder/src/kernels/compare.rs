//! Comparing one vector with many, all of them rounded: products of bytes, and bits that differ.
//!
//! Plain loops. Compiled for a kind of processor they become its vector instructions, and both wait for memory.

/// The product of a query with each row, as long as it: `sums[row]`.
#[inline(always)]
pub(super) fn dots(query: &[i8], rows: &[i8], sums: &mut [i32]) {
    if query.is_empty() {
        return sums.fill(0);
    }
    for (row, sum) in rows.chunks_exact(query.len()).zip(sums) {
        *sum = query.iter().zip(row).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum();
    }
}

/// In how many bits each row, as long as the query, differs from it: `counts[row]`.
#[inline(always)]
pub(super) fn differences(query: &[u64], rows: &[u64], counts: &mut [u32]) {
    if query.is_empty() {
        return counts.fill(0);
    }
    for (row, count) in rows.chunks_exact(query.len()).zip(counts) {
        *count = query.iter().zip(row).map(|(a, b)| (a ^ b).count_ones()).sum();
    }
}
