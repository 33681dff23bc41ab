//! Hashes: keyed ones in place of values that are not to be read, and FNV-1a.

use hmac_sha256::HMAC;

/// The key of the hashes: who has it can find out which value a hash stands for, by trying.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Vec<u8>);

impl Key {
    /// The fewest bytes of a key.
    pub const LEAST: usize = 16;

    /// A key; `None` where it is too short.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        (bytes.len() >= Self::LEAST).then(|| Self(bytes.to_vec()))
    }

    /// The first 64 bits of HMAC-SHA-256 of a value, as 16 hexadecimal digits.
    pub fn hash(&self, value: &[u8]) -> [u8; 16] {
        let hash = HMAC::mac(value, &self.0);
        let mut digits = [b'0'; 16];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(hash) {
            for (digit, nibble) in pair.iter_mut().zip([byte >> 4, byte & 15]) {
                *digit = if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
            }
        }
        digits
    }
}

/// The 64 bits of FNV-1a over bytes, which is the same everywhere and always.
///
/// Whoever wants to can make up texts with the same one.
///
/// ```
/// assert_eq!(filter::hash::fnv1a(*b"foobar"), 0x8594_4171_f739_67e8);
/// ```
pub fn fnv1a(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl std::fmt::Debug for Key {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Key(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_the_first_half_of_the_first_half_of_hmac_sha_256() {
        // RFC 4231, test case 1.
        let key = Key::new(&[0x0b; 20]).unwrap();
        assert_eq!(&key.hash(b"Hi There"), b"b0344c61d8db3853");
    }

    #[test]
    fn err_short_keys() {
        assert_eq!(Key::new(&[1; 15]), None);
    }

    #[test]
    fn ok_a_key_does_not_print_itself() {
        assert_eq!(format!("{:?}", Key::new(b"0123456789abcdef")), "Some(Key(..))");
    }
}
