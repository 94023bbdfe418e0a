//! Labels whose values are formatted with `Display`: [`displayed`] and [`displayed_option`].

use std::{
    fmt::{self, Display, Write},
    str,
};

use crate::describe::label::Label;

/// Returns a label whose text is the `Display` output of a value, for `#[label(display)]` and `%`
/// in attributes.
#[doc(hidden)]
#[inline(always)]
pub fn displayed<T: Display + ?Sized>(value: &T) -> impl Label {
    Displayed(value)
}

/// Returns a label whose text is the `Display` output of a value; absent for `None`.
#[doc(hidden)]
#[inline(always)]
pub fn displayed_option<T: Display>(value: &Option<T>) -> impl Label {
    value.as_ref().map(Displayed)
}

/// A label whose text is the `Display` output of a value.
///
/// Every look-up formats the value, without an allocation if the text has at most [`INLINE`] bytes.
/// No lock is held and no storage is in use while `Display` runs, so that it may record, even into
/// the same metric. A panic in `Display` is passed on. If `Display` returns an error, the label is
/// the text written until then.
struct Displayed<'a, T: ?Sized>(&'a T);

impl<T: Display + ?Sized> Label for Displayed<'_, T> {
    const VALUES: Option<&'static [&'static str]> = None;

    fn with_str<R>(&self, with: impl FnOnce(&str) -> R) -> R {
        let mut text = Text {
            inline: [0; INLINE],
            len: 0,
            spilled: String::new(),
        };
        let _ = write!(text, "{}", self.0);
        with(text.as_str())
    }
}

/// Length in bytes of the longest text that needs no allocation; enough for any IP address with
/// port.
const INLINE: usize = 64;

/// A text on the stack, which moves to the heap when it becomes longer than [`INLINE`].
struct Text {
    inline: [u8; INLINE],
    len: usize,
    /// The whole text, once it is longer than [`INLINE`].
    spilled: String,
}

impl Text {
    fn as_str(&self) -> &str {
        if self.spilled.is_empty() {
            // Only whole `str`s were copied, so this is UTF-8.
            str::from_utf8(&self.inline[..self.len]).unwrap_or_default()
        } else {
            &self.spilled
        }
    }
}

impl Write for Text {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        if self.spilled.is_empty() {
            let end = self.len + part.len();
            if let Some(room) = self.inline.get_mut(self.len..end) {
                room.copy_from_slice(part.as_bytes());
                self.len = end;
                return Ok(());
            }
            self.spilled = self.as_str().to_owned();
        }
        self.spilled.push_str(part);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_any_length_is_the_one_that_was_written() {
        for part in [
            "x",
            "é",
            "0123456789",
            &"y".repeat(INLINE),
            &"z".repeat(200),
        ] {
            for count in 0..70 {
                let text = part.repeat(count);
                let parts = fmt::from_fn(|out| (0..count).try_for_each(|_| out.write_str(part)));
                assert_eq!(displayed(&parts).with_str(str::to_owned), text);
            }
        }
    }

    #[test]
    fn an_error_ends_the_text() {
        let failing = fmt::from_fn(|out| {
            out.write_str("begun")?;
            Err(fmt::Error)
        });
        assert_eq!(displayed(&failing).with_str(str::to_owned), "begun");
    }
}
