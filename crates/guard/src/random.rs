//! Unpredictable names and tokens from the operating system's generator.

use ring::rand::{SecureRandom, SystemRandom};

/// Bytes in a token from [`random_token`]: 256 bits, so that guessing is hopeless however many tries there are.
const TOKEN_BYTES: usize = 32;

/// The operating system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system's random generator failed; nothing secret can be made until it works")]
pub struct RandomError;

/// `bytes` random bytes as twice as many lower-case hexadecimal digits.
///
/// # Errors
/// When the operating system's generator fails.
pub fn random_hex(bytes: usize) -> Result<String, RandomError> {
    let mut raw = vec![0_u8; bytes];
    SystemRandom::new().fill(&mut raw).map_err(|_unspecified| RandomError)?;
    let digits = raw.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    Ok(digits.filter_map(|nibble| char::from_digit(u32::from(nibble), 16)).collect())
}

/// A new credential: 64 hexadecimal digits.
///
/// # Errors
/// When the operating system's generator fails.
pub fn random_token() -> Result<String, RandomError> {
    random_hex(TOKEN_BYTES)
}

#[cfg(test)]
mod tests {
    use super::{random_hex, random_token};

    #[test]
    fn has_the_length_asked_for_and_does_not_repeat() {
        for bytes in [0, 1, 4, 16] {
            assert_eq!(random_hex(bytes).unwrap().len(), bytes * 2);
        }
        let token = random_token().unwrap();
        assert_eq!(token.len(), 64);
        assert!(token.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
        assert_ne!(token, random_token().unwrap());
    }
}
