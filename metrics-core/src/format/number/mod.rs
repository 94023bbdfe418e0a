//! Writes numbers in the notation of the text formats.

pub(crate) mod batch;
mod float;
mod integer;

#[cfg(feature = "catalog")]
pub(crate) use self::float::text;
pub(crate) use self::{
    float::{float, time},
    integer::{EIGHT_DIGITS, unsigned, unsigned_line},
};
use super::buffer::Line;
use crate::sample::value::Number;

/// An upper bound of the bytes that any number takes.
pub(crate) const ROOM: usize = 40;

/// Writes the value of a sample.
#[inline(always)]
pub(crate) fn write(line: &mut Line<'_>, number: Number, open_metrics: bool) {
    match number {
        Number::Unsigned(n) => unsigned(line, n),
        Number::Signed(n) => {
            if n < 0 {
                line.put_byte(b'-');
            }
            unsigned(line, n.unsigned_abs());
        }
        Number::Float(n) => float(line, n, open_metrics),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::buffer::Buffer;

    /// The text that `write` writes into an empty buffer.
    pub(super) fn written(write: impl FnOnce(&mut Line<'_>)) -> String {
        let mut buffer = Buffer::default();
        buffer.write(ROOM, write);
        String::from_utf8(buffer.as_slice().to_vec()).expect("ASCII")
    }
}
