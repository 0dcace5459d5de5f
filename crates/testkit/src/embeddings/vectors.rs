//! Vectors by counting words.

/// Numbers of a vector.
pub const DIMENSIONS: usize = 64;

/// Where each word of the text adds one, by its FNV-1a hash. Not of length 1: services do not promise that.
#[must_use]
pub fn bag_of_words(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0; DIMENSIONS];
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    for word in words {
        vector[place(&word.to_lowercase())] += 1.0;
    }
    if vector.iter().all(|&number| number == 0.0) {
        vector[place(text)] = 1.0;
    }
    vector
}

fn place(word: &str) -> usize {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let hash = word.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    usize::try_from(hash % DIMENSIONS as u64).unwrap()
}

#[cfg(test)]
mod tests {
    use super::bag_of_words;

    #[test]
    fn texts_that_share_words_point_the_same_way() {
        let dot = |a: &str, b: &str| {
            let (a, b) = (bag_of_words(a), bag_of_words(b));
            a.iter().zip(&b).map(|(x, y)| x * y).sum::<f32>()
        };
        assert!(
            dot("the harbour at night", "Harbour, night.") > dot("the harbour at night", "green tea leaves")
        );
        assert_eq!(bag_of_words("..."), bag_of_words("..."));
        assert!((bag_of_words("").iter().sum::<f32>() - 1.0).abs() < f32::EPSILON);
    }
}
