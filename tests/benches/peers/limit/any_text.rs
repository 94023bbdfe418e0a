//! Hashes and compares texts of any length, in full: part of LIMIT, the minimal code that the recording
//! bench compares libraries with.
//!
//! Texts of 16 to 48 bytes are read as three overlapping pieces of 16 bytes, without a loop, because
//! a loop over texts of varying length costs a mispredicted branch per text.

/// Hashes label values; equal values have equal hashes.
#[inline(always)]
pub(super) fn hash<const N: usize>(labels: [&str; N]) -> u64 {
    let mut hash = 0;
    for (label, text) in labels.into_iter().enumerate() {
        let seed = SEEDS[label % SEEDS.len()] ^ label as u64;
        hash ^= hash_text(text.as_bytes(), seed);
    }
    fold(hash ^ SEEDS[0], SEEDS[1])
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
    let ([a, b, c], [d, e, f]) = (pieces(one), pieces(other));
    (a ^ d) | (b ^ e) | (c ^ f) == 0
}

#[inline(always)]
fn hash_text(text: &[u8], seed: u64) -> u64 {
    let mut seed = seed ^ (text.len() as u64) << 32;
    if text.len() < 16 {
        let [low, high] = words(text);
        return fold(low ^ seed, high ^ SEEDS[3]);
    }
    let mut text = text;
    while let Some((start, rest)) = text.split_at_checked(48)
        && !rest.is_empty()
    {
        seed = mix_all(pieces(start), seed);
        // The rest is the end of the text, but at least 16 bytes of it.
        text = &text[48.min(text.len() - 16)..];
    }
    mix_all(pieces(text), seed)
}

/// Returns the bytes of a text of 16 to 48 bytes; the pieces overlap.
#[inline(always)]
fn pieces(text: &[u8]) -> [u128; 3] {
    let middle = (text.len() - 16) / 2;
    [0, middle, text.len() - 16].map(|start| {
        let piece = text[start..].first_chunk();
        u128::from_le_bytes(*piece.expect("the text has 16 bytes"))
    })
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

#[inline(always)]
fn mix_all([one, two, three]: [u128; 3], seed: u64) -> u64 {
    mix(one, seed) ^ mix(two, seed ^ SEEDS[4]) ^ mix(three, seed ^ SEEDS[5])
}

/// Mixes 16 bytes with a seed.
#[inline(always)]
fn mix(piece: u128, seed: u64) -> u64 {
    fold(piece as u64 ^ seed, (piece >> 64) as u64 ^ SEEDS[3])
}

/// Mixes two words: the exclusive or of the halves of their product.
#[inline(always)]
fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    product as u64 ^ (product >> 64) as u64
}

/// Digits of pi; a library would use random seeds per process.
const SEEDS: [u64; 6] = [
    0x243F_6A88_85A3_08D3,
    0x1319_8A2E_0370_7344,
    0xA409_3822_299F_31D0,
    0x082E_FA98_EC4E_6C89,
    0x4528_21E6_38D0_1377,
    0xBE54_66CF_34E9_0C6C,
];
