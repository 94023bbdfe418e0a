//! Text that a `const fn` composes, for the message of a check at compile time.

/// A text of up to `N` bytes; text beyond them is left out.
pub(crate) struct ConstText<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> ConstText<N> {
    pub(crate) const fn new() -> Self {
        ConstText {
            bytes: [0; N],
            len: 0,
        }
    }

    /// Appends a text of ASCII characters.
    pub(crate) const fn text(mut self, ascii: &str) -> Self {
        assert!(ascii.is_ascii());
        let ascii = ascii.as_bytes();
        let mut i = 0;
        while i < ascii.len() && self.len < N {
            self.bytes[self.len] = ascii[i];
            self.len += 1;
            i += 1;
        }
        self
    }

    /// Appends a number in decimal.
    pub(crate) const fn number(mut self, number: usize) -> Self {
        let mut power = 1;
        while number / power >= 10 {
            power *= 10;
        }
        while power > 0 && self.len < N {
            self.bytes[self.len] = b'0' + (number / power % 10) as u8;
            self.len += 1;
            power /= 10;
        }
        self
    }

    pub(crate) const fn as_str(&self) -> &str {
        match str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => unreachable!(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_decimal() {
        for number in [0, 9, 10, 101, 65_536, usize::MAX] {
            let text = ConstText::<40>::new().text("n=").number(number);
            assert_eq!(text.as_str(), format!("n={number}"));
        }
    }

    #[test]
    fn a_text_ends_where_the_room_does() {
        assert_eq!(
            ConstText::<4>::new().text("abc").number(123).as_str(),
            "abc1"
        );
    }
}
