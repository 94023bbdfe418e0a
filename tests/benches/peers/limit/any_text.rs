//! Hashes and compares texts of any length, in full: part of LIMIT, the minimal code that the
//! recording bench compares libraries with.
//!
//! Texts of 16 to 48 bytes are read as three overlapping pieces of 16 bytes, without a loop,
//! because a loop over texts of varying length costs a mispredicted branch per text.

/// Hashes label values.
#[inline(always)]
pub(super) fn hash<const N: usize>(labels: &[&str; N]) -> u64 {
    let mut hash = 0_u64;
    for label in labels {
        // The rotation gives label sets with exchanged values different hashes.
        hash = hash.rotate_left(7) ^ hash_text(label.as_bytes());
    }
    hash
}

/// Returns whether two texts of equal lengths are equal.
#[inline(always)]
pub(super) fn are_equal(one: &[u8], other: &[u8]) -> bool {
    if one.len() < 16 {
        return words(one) == words(other);
    }
    if one.len() > 48 {
        // The C library's comparison is vectorized.
        return one == other;
    }
    let (one, other) = (pieces(one), pieces(other));
    (one[0] ^ other[0]) | (one[1] ^ other[1]) | (one[2] ^ other[2]) == 0
}

#[inline(always)]
fn hash_text(text: &[u8]) -> u64 {
    let seed = SEEDS[0] ^ text.len() as u64;
    if text.len() < 16 {
        let [low, high] = words(text);
        return fold(low ^ seed, high ^ SEEDS[1]);
    }
    if text.len() > 48 {
        return hash_longer(text, seed);
    }
    mix(pieces(text), seed)
}

/// Hashes a text of more than 48 bytes.
///
/// It is not inlined, so that the code for shorter texts keeps more values in registers.
#[inline(never)]
fn hash_longer(text: &[u8], seed: u64) -> u64 {
    let (mut text, mut seed) = (text, seed);
    while let Some((start, rest)) = text.split_at_checked(48)
        && !rest.is_empty()
    {
        seed = mix(pieces(start), seed);
        // The rest is the end of the text, but at least 16 bytes of it.
        text = &text[48.min(text.len() - 16)..];
    }
    mix(pieces(text), seed)
}

/// Returns the bytes of a text of 16 to 48 bytes; the pieces overlap.
#[inline(always)]
fn pieces(text: &[u8]) -> [u128; 3] {
    let last = text.len() - 16;
    [piece(text, 0), piece(text, last / 2), piece(text, last)]
}

#[inline(always)]
fn piece(text: &[u8], start: usize) -> u128 {
    let piece = text[start..].first_chunk();
    u128::from_le_bytes(*piece.expect("the text has 16 bytes from `start`"))
}

/// Returns the bytes of a text of less than 16 bytes; shorter texts are padded by zeros.
#[inline(always)]
fn words(text: &[u8]) -> [u64; 2] {
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        return [u64::from_le_bytes(*first), u64::from_le_bytes(*last)];
    }
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        return [first.into(), last.into()];
    }
    let byte = |index: usize| u64::from(text.get(index).copied().unwrap_or(0));
    [byte(0) | byte(1) << 8, byte(2)]
}

/// Mixes three pieces. The rotations give texts with exchanged pieces different hashes.
#[inline(always)]
fn mix([one, two, three]: [u128; 3], seed: u64) -> u64 {
    let mix = |piece: u128| fold(piece as u64 ^ seed, (piece >> 64) as u64 ^ SEEDS[1]);
    mix(one) ^ mix(two).rotate_left(21) ^ mix(three).rotate_left(42)
}

/// Mixes two words: the exclusive or of the halves of their product.
#[inline(always)]
fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    product as u64 ^ (product >> 64) as u64
}

/// Digits of pi; a library would use random seeds per process.
const SEEDS: [u64; 2] = [0x243F_6A88_85A3_08D3, 0x1319_8A2E_0370_7344];
