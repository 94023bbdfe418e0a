//! The rendered labels of an index's series, side by side: a scrape reads them in order, and none
//! pays for an allocation of its own.
//!
//! They stand as the format writes them that is asked for again and again: who scrapes asks for the
//! same each time, and most of an exposition is copied then. Those of counters, of which there are
//! most, are kept in two halves, each of which stands once among neighbours: the less memory a
//! scrape goes through, the more of it is in the caches.

use std::{ops::Range, sync::Arc};

use crate::format::{Counters, protobuf::Pairs};

/// Series of which what they have in common stands there once. A power of two, so that those of a
/// region stand together, and no more than a byte tells apart.
pub(crate) const TOGETHER: usize = 256;
const _: () = assert!(TOGETHER == Counters::AT_ONCE);

/// So many bytes of memory stand there from the beginning of any half on, however short it is:
/// what is copied in whole pieces need not look where it ends.
pub(crate) const AHEAD: usize = 256;

/// Texts by the numbers of the series.
#[derive(Debug, Default)]
pub(crate) struct Rendered {
    /// Which of its chunk's first and second halves each is.
    texts: Vec<[u8; 2]>,
    chunks: Vec<Chunk>,
    /// Whether texts are split; first halves are empty otherwise.
    splits: bool,
    /// How texts were wanted last.
    asked: Vec<Arc<Kept>>,
    /// What those that are kept in each form come to. The longest one may have left.
    sizes: [Sizes; 2],
}

/// What texts that are not empty come to, without what stands before and after them, how many
/// they are, and how long the longest is.
#[derive(Clone, Copy, Debug, Default)]
struct Sizes {
    bytes: usize,
    texts: usize,
    longest: usize,
}

/// So many ways in which texts are wanted are told from new ones.
const ASKED: usize = 8;

/// How labels are written down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// As the text formats have them: `a="1",b="2"`.
    #[default]
    Text,
    /// As protobuf has them: fields of a `Metric`.
    Pairs,
}

/// Labels as they stand in an exposition: what all series have before and after them is copied with
/// them then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Written<'a> {
    pub(crate) form: Form,
    pub(crate) before: &'a [u8],
    pub(crate) after: &'static [u8],
}

impl Written<'static> {
    /// As text, and nothing else.
    pub(crate) const TEXT: Self = Written {
        form: Form::Text,
        before: &[],
        after: &[],
    };
}

impl<'a> Written<'a> {
    /// As in a line of text: after this, and before a value.
    pub(crate) fn in_line(before: &'a [u8]) -> Self {
        Written {
            form: Form::Text,
            before,
            after: Written::BEFORE_VALUE,
        }
    }

    /// What stands between labels and a value in text.
    pub(crate) const BEFORE_VALUE: &'static [u8] = b"} ";
}

/// The same in memory of its own, which texts share that are kept so.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    form: Form,
    before: Vec<u8>,
    after: &'static [u8],
}

/// Texts that stand together.
#[derive(Debug)]
struct Chunk {
    kept: Arc<Kept>,
    /// What was asked for last.
    wanted: Arc<Kept>,
    /// Halves in any order, and [`AHEAD`] after the last one.
    bytes: Vec<u8>,
    /// First and second halves, no two the same: each text's, and some that are none's any more.
    halves: [Vec<Half>; 2],
    /// The tag of each.
    tags: [Vec<u8>; 2],
    /// How many texts had to leave since these are there.
    replaced: usize,
    /// What all texts come to.
    sizes: Sizes,
}

/// Where half a text stands in its chunk: what is before it in an exposition belongs to the first
/// one, and what is after it to the second.
///
/// In one word, which is one load: how long it is, and below that where it begins, of which the
/// upper bit is set where it is [not short](Half::new).
#[derive(Clone, Copy, Debug)]
struct Half(u64);

impl Rendered {
    /// Texts in two halves, which will be wanted like this for all that is known.
    pub(crate) fn in_halves(written: Written<'_>) -> Self {
        Rendered {
            splits: true,
            asked: vec![Arc::new(Kept::of(written))],
            ..Rendered::default()
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }

    pub(crate) fn reserve_exact(&mut self, more: usize) {
        self.texts.reserve_exact(more);
        let chunks = (self.len() + more).div_ceil(TOGETHER);
        self.chunks.reserve_exact(chunks - self.chunks.len());
    }

    /// Makes room for another text, which is empty.
    pub(crate) fn push(&mut self) {
        if self.len() == TOGETHER * self.chunks.len() {
            let last = self.asked.last().cloned();
            let kept = last.unwrap_or_else(|| self.asked(Written::TEXT));
            self.chunks.push(Chunk::new(kept));
        }
        self.texts.push([0; 2]);
        let (chunk, all, splits) = self.chunk(self.chunks.len() - 1);
        // In the beginning the first ones are.
        let mut firsts = chunk.halves.iter().map(|halves| halves[0]);
        if !firsts.all(|half| half.range().is_empty()) {
            chunk.put(all, all.len() - 1, &[], splits);
        }
    }

    /// Sets the text of a series.
    pub(crate) fn set(&mut self, number: usize, text: &str) {
        self.change(number / TOGETHER, |chunk, all, splits| {
            let mut added = Vec::new();
            chunk.kept.form.write(text, &mut added);
            chunk.make_room(all, added.len(), splits);
            chunk.set(all, number % TOGETHER, &added, splits);
        });
    }

    /// Forgets the text of a series.
    pub(crate) fn clear(&mut self, number: usize) {
        self.set(number, "");
    }

    /// The text of a series, which is made in `read` where it does not stand there as it is; none
    /// where there is no such number.
    pub(crate) fn get<'r>(&'r self, number: usize, read: &'r mut String) -> Option<&'r str> {
        let halves = *self.texts.get(number)?;
        let chunk = &self.chunks[number / TOGETHER];
        Some(chunk.kept.form.read(chunk.get(halves), read))
    }

    /// The texts of some series, which stand in one region.
    pub(crate) fn in_region(&self, numbers: Range<usize>) -> Together<'_> {
        debug_assert!(
            numbers.is_empty() || numbers.start / TOGETHER == (numbers.end - 1) / TOGETHER
        );
        Together {
            chunk: self.chunks.get(numbers.start / TOGETHER),
            texts: &self.texts[numbers],
            are_wanted: false,
        }
    }

    /// The same for who wants them like this, which they are when it is for the second time in a
    /// row.
    pub(crate) fn wanted_in_region(
        &mut self,
        numbers: Range<usize>,
        wanted: &Arc<Kept>,
    ) -> Together<'_> {
        let mut are_wanted = false;
        if numbers.start < self.len() {
            let at = numbers.start / TOGETHER;
            let chunk = &mut self.chunks[at];
            // Asked once for all of them.
            if numbers.start.is_multiple_of(TOGETHER) {
                if !Arc::ptr_eq(&chunk.wanted, wanted) {
                    chunk.wanted = Arc::clone(wanted);
                } else if !Arc::ptr_eq(&chunk.kept, wanted) {
                    self.change(at, |chunk, all, splits| {
                        chunk.write_anew(all, Arc::clone(wanted), splits);
                    });
                }
            }
            are_wanted = Arc::ptr_eq(&self.chunks[at].kept, wanted);
        }
        Together {
            are_wanted,
            ..self.in_region(numbers)
        }
    }

    /// How texts are wanted, as it was remembered when they were wanted so before.
    pub(crate) fn asked(&mut self, written: Written<'_>) -> Arc<Kept> {
        let known = self.asked.iter().find(|kept| kept.as_written() == written);
        if let Some(known) = known {
            return Arc::clone(known);
        }
        if self.asked.len() == ASKED {
            self.asked.remove(0);
        }
        let kept = Arc::new(Kept::of(written));
        self.asked.push(Arc::clone(&kept));
        kept
    }

    /// A chunk and its texts, and whether they are split.
    fn chunk(&mut self, at: usize) -> (&mut Chunk, &mut [[u8; 2]], bool) {
        let first = at * TOGETHER;
        let to = self.texts.len().min(first + TOGETHER);
        (
            &mut self.chunks[at],
            &mut self.texts[first..to],
            self.splits,
        )
    }

    /// Changes a chunk, and what all come to with it.
    fn change(&mut self, at: usize, change: impl FnOnce(&mut Chunk, &mut [[u8; 2]], bool)) {
        let (chunk, all, splits) = self.chunk(at);
        let before = (chunk.kept.form, chunk.sizes);
        change(chunk, all, splits);
        let after = (chunk.kept.form, chunk.sizes);
        let (form, less) = before;
        let sizes = &mut self.sizes[form as usize];
        sizes.bytes -= less.bytes;
        sizes.texts -= less.texts;
        let (form, more) = after;
        let sizes = &mut self.sizes[form as usize];
        sizes.bytes += more.bytes;
        sizes.texts += more.texts;
        sizes.longest = sizes.longest.max(more.longest);
    }

    /// What all of them come to as pairs, at the most, and what the longest one does; each has no
    /// more than so many labels.
    pub(crate) fn most_as_pairs(&self, labels: usize) -> (usize, usize) {
        let text = self.sizes[Form::Text as usize];
        let pairs = self.sizes[Form::Pairs as usize];
        let all = most_as_pairs(text.bytes, text.texts, labels) + pairs.bytes;
        let longest = match text.texts {
            0 => pairs.longest,
            _ => most_as_pairs(text.longest, 1, labels).max(pairs.longest),
        };
        (all, longest)
    }
}

/// What the labels of some series, no more than so many of each, that take so many bytes of text
/// come to as pairs, at the most.
///
/// In text a label takes four bytes beside name and value, the first one three, and as a pair six,
/// and one or two more for each 128 that it is long.
pub(crate) fn most_as_pairs(text: usize, series: usize, labels: usize) -> usize {
    text + text / 64 + series * (2 * labels + 1)
}

impl Form {
    /// Writes labels that are text in this form.
    fn write(self, text: &str, out: &mut Vec<u8>) {
        match self {
            Form::Text => out.extend_from_slice(text.as_bytes()),
            Form::Pairs => Pairs::add_fields(out, text),
        }
    }

    /// Labels in this form as text.
    fn read<'r>(self, halves: [&'r [u8]; 2], read: &'r mut String) -> &'r str {
        if self == Form::Text && halves[0].is_empty() {
            return str::from_utf8(halves[1]).unwrap_or_default();
        }
        let mut whole = std::mem::take(read).into_bytes();
        whole.clear();
        whole.extend_from_slice(halves[0]);
        whole.extend_from_slice(halves[1]);
        match self {
            // What was written was text.
            Form::Text => *read = String::from_utf8(whole).unwrap_or_default(),
            Form::Pairs => Pairs::make_text(read, &whole),
        }
        read
    }

    /// Where the last label begins, or another place: neighbours have more in common where it is
    /// that.
    fn last_label(self, text: &[u8]) -> usize {
        match self {
            Form::Text => {
                let ends = text.windows(2).rposition(|bytes| bytes == b"\",");
                ends.map_or(0, |at| at + 2)
            }
            Form::Pairs => Pairs::last_field(text),
        }
    }
}

impl Kept {
    fn of(written: Written<'_>) -> Self {
        Kept {
            form: written.form,
            before: written.before.into(),
            after: written.after,
        }
    }

    #[inline(always)]
    fn as_written(&self) -> Written<'_> {
        Written {
            form: self.form,
            before: &self.before,
            after: self.after,
        }
    }

    /// How long what stands before and after a text is.
    fn around(&self) -> usize {
        self.before.len() + self.after.len()
    }
}

impl Chunk {
    fn new(kept: Arc<Kept>) -> Self {
        Chunk {
            wanted: Arc::clone(&kept),
            kept,
            bytes: vec![0; AHEAD],
            // What a text is before it is set.
            halves: [0, 1].map(|which| vec![Half::new(which, 0, 0)]),
            tags: [(); 2].map(|()| vec![tag(&[])]),
            replaced: 0,
            sizes: Sizes::default(),
        }
    }

    /// Both halves of a text, without what stands before and after it.
    #[inline(always)]
    fn get(&self, halves: [u8; 2]) -> [&[u8]; 2] {
        let [first, second] = std::array::from_fn(|which| {
            let half = self.halves[which].get(usize::from(halves[which]));
            half.and_then(|half| self.bytes.get(half.range()))
                .unwrap_or_default()
        });
        let end = second.len().saturating_sub(self.kept.after.len());
        [
            first.get(self.kept.before.len()..).unwrap_or_default(),
            &second[..end],
        ]
    }

    /// Makes room for a text: by leaving out what is not used any more, if that may be much, or by
    /// growing a little.
    fn make_room(&mut self, all: &mut [[u8; 2]], text: usize, splits: bool) {
        let least = self.bytes.len() + self.kept.around() + text;
        if self.bytes.capacity() >= least {
            return;
        }
        if self.replaced > self.sizes.texts / 8 {
            self.write_anew(all, Arc::clone(&self.kept), splits);
        }
        let least = self.bytes.len() + self.kept.around() + text;
        // An eighth is as much as is left unused.
        let more = least + least / 8 - self.bytes.len();
        self.bytes.reserve_exact(more);
    }

    /// Sets one of its texts.
    fn set(&mut self, all: &mut [[u8; 2]], at: usize, text: &[u8], splits: bool) {
        let old_len: usize = self.get(all[at]).iter().map(|half| half.len()).sum();
        self.replaced += usize::from(old_len > 0);
        self.sizes.texts -= usize::from(old_len > 0);
        self.sizes.bytes -= old_len;
        self.sizes.texts += usize::from(!text.is_empty());
        self.sizes.bytes += text.len();
        self.sizes.longest = self.sizes.longest.max(text.len());
        self.put(all, at, text, splits);
    }

    /// Puts one of its texts there, whatever there was.
    fn put(&mut self, all: &mut [[u8; 2]], at: usize, text: &[u8], splits: bool) {
        let kept = Arc::clone(&self.kept);
        let middle = if splits {
            kept.form.last_label(text)
        } else {
            0
        };
        let (first, second) = text.split_at(middle);
        let (before, after) = if text.is_empty() {
            (&[][..], &[][..])
        } else {
            (&kept.before[..], kept.after)
        };
        all[at][0] = self.find_or_add(0, [before, first], all, at);
        all[at][1] = self.find_or_add(1, [second, after], all, at);
    }

    /// Finds the half that has these parts for this text or adds it, in the place of one that no
    /// other text has where there are too many.
    fn find_or_add(&mut self, which: usize, parts: [&[u8]; 2], all: &[[u8; 2]], text: usize) -> u8 {
        let (halves, tags) = (&mut self.halves[which], &mut self.tags[which]);
        // Which the others have in common.
        let tag = tag(parts[which ^ 1]);
        let len = parts[0].len() + parts[1].len();
        let is_it = |half: Half| {
            let bytes = &self.bytes[half.range()];
            bytes.len() == len && bytes.starts_with(parts[0]) && bytes.ends_with(parts[1])
        };
        // What was added last is the most likely.
        let mut left = &tags[..];
        while let Some(at) = left.iter().rposition(|known| *known == tag) {
            if is_it(halves[at]) {
                return at as u8;
            }
            left = &left[..at];
        }
        let at = if halves.len() < TOGETHER {
            halves.push(Half::new(which, 0, 0));
            tags.push(tag);
            halves.len() - 1
        } else {
            let others = all.iter().enumerate().filter(|(at, _)| *at != text);
            unused(others.map(|(_, other)| other[which]))
        };
        let old = halves[at].range();
        let start = if old.len() < len {
            let end = self.bytes.len();
            self.bytes.resize(end + len, 0);
            end - AHEAD
        } else {
            old.start
        };
        halves[at] = Half::new(which, start, len);
        tags[at] = tag;
        let (first, second) = self.bytes[start..start + len].split_at_mut(parts[0].len());
        first.copy_from_slice(parts[0]);
        second.copy_from_slice(parts[1]);
        at as u8
    }

    /// Writes all texts once more, like this, and only what is used.
    #[cold]
    fn write_anew(&mut self, all: &mut [[u8; 2]], kept: Arc<Kept>, splits: bool) {
        let (form, mut read) = (kept.form, String::new());
        let mut new = Chunk::new(kept);
        new.wanted = Arc::clone(&self.wanted);
        let old = all.to_vec();
        all.fill([0; 2]);
        for (at, halves) in old.iter().enumerate() {
            let old = self.get(*halves);
            let text = if self.kept.form == form {
                old.concat()
            } else {
                let mut text = Vec::new();
                form.write(self.kept.form.read(old, &mut read), &mut text);
                text
            };
            new.set(all, at, &text, splits);
        }
        new.bytes.shrink_to_fit();
        new.halves.iter_mut().for_each(Vec::shrink_to_fit);
        new.tags.iter_mut().for_each(Vec::shrink_to_fit);
        *self = new;
    }
}

/// What none of these is, which are fewer than [`TOGETHER`].
pub(crate) fn unused(used: impl Iterator<Item = u8>) -> usize {
    let mut is_used = [false; TOGETHER];
    used.for_each(|at| is_used[usize::from(at)] = true);
    is_used.iter().position(|is_used| !is_used).unwrap_or(0)
}

/// Something that is the same for the same text, and seldom for another.
fn tag(text: &[u8]) -> u8 {
    let words = text.chunks(8).map(|bytes| {
        let mut word = [0; 8];
        word[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(word)
    });
    let mix = |tag: u64, word: u64| {
        (tag ^ word)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(32)
    };
    words.fold(text.len() as u64, mix) as u8
}

impl Half {
    const NOT_SHORT: u64 = 1 << 31;

    /// A first or a second one. It is short if it is shorter than [`AHEAD`], and a second one not
    /// empty, which is that of no labels at all.
    fn new(which: usize, start: usize, len: usize) -> Self {
        let is_short = (which..AHEAD).contains(&len);
        let mark = if is_short { 0 } else { Half::NOT_SHORT };
        Half((len as u64) << 32 | mark | start as u64)
    }

    fn range(self) -> Range<usize> {
        let start = (self.0 & (Half::NOT_SHORT - 1)) as usize;
        start..start + (self.0 >> 32) as usize
    }
}

/// Texts that stand together, in the order of their series.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Together<'a> {
    /// None where there are no texts.
    chunk: Option<&'a Chunk>,
    /// Which halves each is.
    texts: &'a [[u8; 2]],
    /// Whether they are kept as they are wanted.
    are_wanted: bool,
}

impl<'a> Together<'a> {
    /// In which form they are.
    pub(crate) fn form(self) -> Form {
        self.chunk.map_or(Form::Text, |chunk| chunk.kept.form)
    }

    /// Whether they are kept as they are wanted, with what stands before and after them.
    pub(crate) fn are_wanted(self) -> bool {
        self.are_wanted
    }

    /// Which halves each is.
    #[inline(always)]
    pub(crate) fn texts(self) -> &'a [[u8; 2]] {
        self.texts
    }

    /// The halves that are short.
    pub(crate) fn short_halves<'t>(self, table: &'t mut Table) -> ShortHalves<'t>
    where
        'a: 't,
    {
        let Some(Chunk { bytes, halves, .. }) = self.chunk else {
            return ShortHalves { bytes: &[], table };
        };
        for (table, halves) in table.0.chunks_exact_mut(TOGETHER).zip(halves) {
            let used = table.len().min(halves.len());
            table[..used].copy_from_slice(&halves[..used]);
        }
        ShortHalves { bytes, table }
    }

    /// Both halves of each; the first ones are empty where texts are whole.
    #[inline(always)]
    pub(crate) fn iter(self) -> impl Iterator<Item = [&'a [u8]; 2]> + use<'a> {
        self.texts.iter().map(move |halves| self.both(*halves))
    }

    /// Both halves of one of them; empty ones where there are not so many.
    pub(crate) fn get(self, at: usize) -> [&'a [u8]; 2] {
        let halves = self.texts.get(at);
        halves.map_or_else(Default::default, |halves| self.both(*halves))
    }

    #[inline(always)]
    fn both(self, halves: [u8; 2]) -> [&'a [u8]; 2] {
        self.chunk
            .map(|chunk| chunk.get(halves))
            .unwrap_or_default()
    }

    /// Those after so many.
    pub(crate) fn after(self, some: usize) -> Self {
        Together {
            texts: self.texts.get(some..).unwrap_or_default(),
            ..self
        }
    }

    /// What they come to, at the most.
    pub(crate) fn most_bytes(self) -> usize {
        self.chunk.map_or(0, |chunk| chunk.sizes.bytes)
    }

    /// The text that has these halves, which is made in `read` where it does not stand there as it
    /// is.
    pub(crate) fn text<'r>(self, halves: [&'r [u8]; 2], read: &'r mut String) -> &'r str {
        self.form().read(halves, read)
    }
}

/// Where first and second halves stand, for any of the bytes that tell them apart: little is left
/// to check then.
#[derive(Debug)]
pub(crate) struct Table([Half; 2 * TOGETHER]);

impl Table {
    pub(crate) fn new() -> Self {
        Table([Half::new(1, 0, 0); 2 * TOGETHER])
    }
}

/// The halves of texts that stand together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShortHalves<'a> {
    bytes: &'a [u8],
    table: &'a Table,
}

impl<'a> ShortHalves<'a> {
    /// A first half with what stands before it, if it is shorter than [`AHEAD`]: so many bytes of
    /// memory from its beginning on, and how long it is.
    #[inline(always)]
    pub(crate) fn first(self, first: u8) -> Option<(&'a [u8; AHEAD], u8)> {
        self.get(self.table.0[usize::from(first)])
    }

    /// The same of a second half with what stands after it, if there are labels.
    #[inline(always)]
    pub(crate) fn second(self, second: u8) -> Option<(&'a [u8; AHEAD], u8)> {
        self.get(self.table.0[TOGETHER + usize::from(second)])
    }

    #[inline(always)]
    fn get(self, Half(half): Half) -> Option<(&'a [u8; AHEAD], u8)> {
        let start = half as u32 as usize;
        let bytes = self.bytes.get(start..start + AHEAD)?.first_chunk()?;
        Some((bytes, (half >> 32) as u8))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sample::label_text;

    #[test]
    fn room_is_found_again_where_texts_come_and_go() {
        for splits in [false, true] {
            let mut texts = Rendered {
                splits,
                ..Rendered::default()
            };
            (0..300).for_each(|_| texts.push());
            for round in 0..10_000_usize {
                let text = format!("a=\"{}\",b=\"{round}\"", "x".repeat(round % 50));
                texts.set(round % 300, &text);
            }
            let chunks = texts.chunks.iter();
            let capacity: usize = chunks.map(|chunk| chunk.bytes.capacity()).sum();
            let most = 300 * 64 * 3 / 2 + 2 * AHEAD;
            assert!(capacity < most, "{capacity}");
        }
    }

    #[test]
    fn what_neighbours_have_in_common_stands_there_once() {
        let mut texts = Rendered::in_halves(Written::TEXT);
        for number in 0..256 {
            texts.push();
            let text = format!("of=\"{}\",as=\"{}\"", number / 16, number % 16);
            texts.set(number, &text);
        }
        let [chunk] = &texts.chunks[..] else {
            panic!("they stand together");
        };
        // Those of none as well.
        assert_eq!(chunk.halves.each_ref().map(Vec::len), [17, 17]);
    }

    #[test]
    fn there_are_as_many_different_ones_as_stand_together() {
        let mut texts = Rendered::in_halves(Written::TEXT);
        let text = |number: usize, round| format!("of=\"{number}\",as=\"{round}\"");
        (0..256).for_each(|_| texts.push());
        for round in 0..5 {
            for number in 0..256 {
                texts.set(number, &text(number, round));
            }
            for number in 0..256 {
                let mut read = String::new();
                let expected = text(number, round);
                assert_eq!(texts.get(number, &mut read), Some(expected.as_str()));
            }
        }
    }

    /// What is done to texts.
    #[derive(Clone, Debug)]
    enum Step {
        Set(usize, String),
        Clear(usize),
        /// Those of a region are wanted like this.
        Want(usize, Written<'static>),
    }

    const WAYS: [Written<'_>; 4] = [
        Written::TEXT,
        Written {
            form: Form::Text,
            before: b"name{",
            after: b"} ",
        },
        Written {
            form: Form::Text,
            before: b"other{",
            after: b"} ",
        },
        Written {
            form: Form::Pairs,
            before: b"",
            after: b"\x01\x02",
        },
    ];

    fn step() -> impl Strategy<Value = Step> {
        let number = 0..600_usize;
        prop_oneof![
            8 => (number.clone(), ".{1,40}", "[\\\\\"x]{0,3}").prop_map(|(number, a, b)| {
                let mut text = String::new();
                label_text::pairs(&mut text, &[("first", a), ("second", b)]);
                Step::Set(number, text)
            }),
            1 => number.clone().prop_map(Step::Clear),
            1 => (number, 0..WAYS.len()).prop_map(|(number, way)| Step::Want(number, WAYS[way])),
        ]
    }

    fn as_pairs(text: &str) -> Vec<u8> {
        let mut fields = Vec::new();
        Pairs::add_fields(&mut fields, text);
        fields
    }

    proptest! {
        #[test]
        fn texts_are_those_that_were_set_last_in_whatever_form(
            steps in prop::collection::vec(step(), 0..2000),
            splits: bool,
        ) {
            let (mut texts, mut model) = (Rendered::default(), Vec::new());
            texts.splits = splits;
            let mut table = Table::new();
            for step in steps {
                let (Step::Set(number, _) | Step::Clear(number) | Step::Want(number, _)) = step;
                while texts.len() <= number {
                    texts.push();
                    model.push(String::new());
                }
                match step {
                    Step::Set(_, text) => {
                        texts.set(number, &text);
                        model[number] = text;
                    }
                    Step::Clear(_) => {
                        texts.clear(number);
                        model[number].clear();
                    }
                    Step::Want(_, way) => {
                        let first = number - number % TOGETHER;
                        let wanted = texts.asked(way);
                        texts.wanted_in_region(first..number + 1, &wanted);
                        let together = texts.wanted_in_region(first..number + 1, &wanted);
                        prop_assert!(together.are_wanted());
                        let expected = match way.form {
                            Form::Text => model[number].clone().into_bytes(),
                            Form::Pairs => as_pairs(&model[number]),
                        };
                        prop_assert_eq!(together.form(), way.form);
                        let last = together.get(number - first);
                        prop_assert_eq!(last.concat(), &expected[..]);
                        let short = together.short_halves(&mut table);
                        let [head, tail] = together.texts()[number - first];
                        let short = short.first(head).zip(short.second(tail));
                        let bytes = |(bytes, len): (&[u8; AHEAD], u8)| bytes[..len.into()].to_vec();
                        let whole = short.map(|(head, tail)| [bytes(head), bytes(tail)].concat());
                        let around = [way.before, &expected, way.after].concat();
                        // Such texts are no longer than that.
                        let is_there = !expected.is_empty();
                        prop_assert_eq!(whole, is_there.then_some(around));
                        let other = WAYS[usize::from(way == Written::TEXT)];
                        let other = texts.asked(other);
                        let once = texts.wanted_in_region(first..number + 1, &other);
                        prop_assert!(!once.are_wanted());
                        let (mut read, last) = (String::new(), once.get(number - first));
                        prop_assert_eq!(once.text(last, &mut read), &model[number]);
                    }
                }
            }
            let mut read = String::new();
            for (number, text) in model.iter().enumerate() {
                prop_assert_eq!(texts.get(number, &mut read), Some(text.as_str()));
            }
            let (foretold, longest) = texts.most_as_pairs(2);
            let longest_there_is = model.iter().map(|text| as_pairs(text).len()).max();
            prop_assert!(longest >= longest_there_is.unwrap_or(0));
            let as_pairs: usize = model.iter().map(|text| as_pairs(text).len()).sum();
            // A label that is absent takes nothing.
            let most = as_pairs + as_pairs / 32 + 3 * model.len();
            prop_assert!((as_pairs..=most).contains(&foretold), "{foretold} of {as_pairs}");
        }
    }
}
