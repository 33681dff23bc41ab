//! The literals of a format, and whether one stands at a place of a line.

/// A literal. Most are of a few bytes, for which calling `memcmp` costs more than comparing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Literal {
    bytes: Vec<u8>,
    /// The bytes as a number, if there are no more than eight.
    word: u64,
    /// Which bits of a number are those of the literal; zero for a longer literal.
    mask: u64,
}

impl Literal {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        let mut word = [0; 8];
        let mut mask = [0; 8];
        if let (Some(word), Some(mask)) = (word.get_mut(..bytes.len()), mask.get_mut(..bytes.len()))
        {
            word.copy_from_slice(&bytes);
            mask.fill(0xff);
        }
        Self { bytes, word: u64::from_le_bytes(word), mask: u64::from_le_bytes(mask) }
    }

    pub(super) fn is_space(&self) -> bool {
        self.bytes == b" "
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The literal's byte of this number.
    pub(super) fn byte(&self, at: usize) -> Option<&u8> {
        self.bytes.get(at)
    }

    /// Whether the literal stands at `at` of the line.
    #[inline(always)]
    pub(super) fn is_at(&self, line: &[u8], at: usize) -> bool {
        match line.get(at..).and_then(<[u8]>::first_chunk) {
            Some(next) if self.bytes.len() <= 8 => {
                u64::from_le_bytes(*next) & self.mask == self.word
            }
            _ => self.is_at_slowly(line, at),
        }
    }

    /// [`Self::is_at`] at the end of a line, or of a long literal.
    #[inline(never)]
    fn is_at_slowly(&self, line: &[u8], at: usize) -> bool {
        let text = line.get(at..).and_then(|rest| rest.get(..self.bytes.len()));
        text.is_some_and(|text| text.iter().zip(&self.bytes).all(|(a, b)| a == b))
    }
}
