//! Short texts as words.

/// A text of up to 15 bytes; the last byte is its length, so no two texts are alike.
#[inline(always)]
pub(super) fn pack(text: &str) -> [u64; 2] {
    let bytes = text.as_bytes();
    let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) else {
        return pack_shorter(bytes);
    };
    // The second word reads again what the first has of its bytes; one of them makes room for the
    // length.
    let second = u64::from_le_bytes(*last) >> 8;
    [u64::from_le_bytes(*first), second | length(bytes)]
}

/// Of less than 8 bytes.
#[cold]
fn pack_shorter(bytes: &[u8]) -> [u64; 2] {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    [u64::from_le_bytes(word), length(bytes)]
}

#[inline(always)]
fn length(bytes: &[u8]) -> u64 {
    (bytes.len() as u64) << 56
}
