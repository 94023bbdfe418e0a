//! The rendered labels of an index's series, side by side: a scrape reads them in order, and none
//! pays for an allocation of its own.
//!
//! They stand as the format writes them that is asked for again and again: who scrapes asks for the
//! same each time, and most of an exposition is copied then. What neighbours begin with stands there
//! once: the less memory a scrape goes through, the more of it is in the caches.

use std::ops::Range;

use crate::encode::{Counters, protobuf::Pairs};

/// Series whose texts stand together. A power of two, so that those of a region do.
const TOGETHER: usize = 256;
const _: () = assert!(TOGETHER == Counters::AT_ONCE);

/// So many bytes of memory stand there from the beginning of any text on, however short it is:
/// what is copied in whole pieces need not look where the text ends.
pub(crate) const AHEAD: usize = 256;

/// What texts begin with is kept apart up to this length.
const MOST_SHARED: usize = 64;

/// Texts by the numbers of the series.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    /// How much of each stands in its chunk.
    lens: Vec<u32>,
    chunks: Vec<Chunk>,
    /// Whether what neighbours begin with stands there once.
    shares: bool,
}

/// How labels are written down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// As the text formats have them: `a="1",b="2"`.
    #[default]
    Text,
    /// As protobuf has them: fields of a `Metric`.
    Pairs,
}

/// Texts that stand together.
#[derive(Debug)]
struct Chunk {
    form: Form,
    /// What was asked for last.
    wanted: Form,
    /// What all begin with that are not empty; none of them is that and nothing else.
    prefix: Vec<u8>,
    /// What follows it in each, in order, and [`AHEAD`] after the last one.
    rests: Vec<u8>,
    /// How many are not empty.
    texts: usize,
}

/// Where the text of a series begins in its chunk, as long as those before it stay what they are.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    number: usize,
    start: usize,
}

impl Texts {
    /// Texts of which neighbours begin alike, for who writes [prefix](Together::prefix) and rest.
    pub(crate) fn sharing() -> Self {
        Texts {
            shares: true,
            ..Texts::default()
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.lens.len()
    }

    pub(crate) fn reserve_exact(&mut self, more: usize) {
        self.lens.reserve_exact(more);
        let chunks = (self.len() + more).div_ceil(TOGETHER);
        self.chunks.reserve_exact(chunks - self.chunks.len());
    }

    /// Makes room for another text, which is empty.
    pub(crate) fn push(&mut self) {
        if self.len() == TOGETHER * self.chunks.len() {
            self.chunks.push(Chunk::new(Form::Text, Form::Text, 0));
        }
        self.lens.push(0);
    }

    /// Sets the text of a series.
    pub(crate) fn set(&mut self, number: usize, text: &str) {
        let at = number / TOGETHER;
        self.put(number, &[]);
        let mut added = Vec::new();
        self.chunks[at].form.write(text, &mut added);
        if !self.chunks[at].takes(&added) {
            self.write_anew(at, self.chunks[at].form, &added);
        }
        let rest = &added[self.chunks[at].prefix.len().min(added.len())..];
        self.put(number, rest);
    }

    /// Forgets the text of a series.
    pub(crate) fn clear(&mut self, number: usize) {
        self.set(number, "");
    }

    /// Sets what follows the prefix; there is room for it.
    fn put(&mut self, number: usize, rest: &[u8]) {
        let start = self.start(number);
        let end = start + self.lens[number] as usize;
        let chunk = &mut self.chunks[number / TOGETHER];
        chunk.rests.splice(start..end, rest.iter().copied());
        chunk.texts += usize::from(!rest.is_empty());
        chunk.texts -= usize::from(start < end);
        self.lens[number] = rest.len() as u32;
    }

    /// Where the text of a series begins.
    fn start(&self, number: usize) -> usize {
        let mut place = Place::default();
        self.go_to(&mut place, number);
        place.start
    }

    fn go_to(&self, place: &mut Place, number: usize) {
        let first = number - number % TOGETHER;
        if !(first..=number).contains(&place.number) {
            *place = Place {
                number: first,
                start: 0,
            };
        }
        place.start += sum(&self.lens[place.number..number]);
        place.number = number;
    }

    /// The text of a series, which is made in `read` where it does not stand there as it is; none
    /// where there is no such number. From a place not far before it is found sooner.
    pub(crate) fn get<'r>(
        &'r self,
        number: usize,
        place: &mut Place,
        read: &'r mut String,
    ) -> Option<&'r str> {
        let len = *self.lens.get(number)? as usize;
        self.go_to(place, number);
        let chunk = &self.chunks[number / TOGETHER];
        let rest = chunk.rests.get(place.start..place.start + len)?;
        Some(chunk.form.read(&chunk.prefix, rest, read))
    }

    /// The texts of some series, which stand in one region.
    pub(crate) fn in_region(&self, numbers: Range<usize>) -> Together<'_> {
        static NONE: Chunk = Chunk::NONE;
        debug_assert!(
            numbers.is_empty() || numbers.start / TOGETHER == (numbers.end - 1) / TOGETHER
        );
        let chunk = self.chunks.get(numbers.start / TOGETHER).unwrap_or(&NONE);
        Together {
            form: chunk.form,
            prefix: &chunk.prefix,
            rests: &chunk.rests,
            start: self.start(numbers.start),
            lens: &self.lens[numbers],
        }
    }

    /// Says that those from this one on are wanted in this form: when they are for the second time
    /// in a row, they are written so.
    pub(crate) fn want(&mut self, first: usize, form: Form) {
        let at = first / TOGETHER;
        if first.is_multiple_of(TOGETHER)
            && let Some(chunk) = self.chunks.get_mut(at)
        {
            let was_wanted = chunk.wanted == form;
            chunk.wanted = form;
            if was_wanted && chunk.form != form {
                self.write_anew(at, form, &[]);
            }
        }
    }

    /// Writes a chunk once more, in this form, so that it takes another text.
    #[cold]
    fn write_anew(&mut self, at: usize, form: Form, added: &[u8]) {
        let old = &self.chunks[at];
        let first = at * TOGETHER;
        let numbers = first..self.len().min(first + TOGETHER);
        let (mut all, mut ends, mut start) = (Vec::new(), Vec::new(), 0);
        let mut read = String::new();
        for len in &self.lens[numbers.clone()] {
            let rest = &old.rests[start..][..*len as usize];
            start += rest.len();
            if old.form != form {
                form.write(old.form.read(&old.prefix, rest, &mut read), &mut all);
            } else if !rest.is_empty() {
                all.extend_from_slice(&old.prefix);
                all.extend_from_slice(rest);
            }
            ends.push(all.len());
        }
        let starts = [0].into_iter().chain(ends.iter().copied());
        let texts = starts.zip(&ends).map(|(start, end)| &all[start..*end]);
        let shared = if self.shares {
            shared(texts.clone().chain([added]))
        } else {
            &[]
        };
        let kept = |text: &[u8]| text.len().saturating_sub(shared.len());
        let rests: usize = texts.clone().chain([added]).map(kept).sum();
        // An eighth is as much as is left unused.
        let mut chunk = Chunk::new(form, old.wanted, rests + rests / 8);
        chunk.prefix = shared.to_vec();
        chunk.texts = old.texts;
        chunk.rests.clear();
        for (len, text) in self.lens[numbers].iter_mut().zip(texts) {
            let rest = &text[text.len() - kept(text)..];
            *len = rest.len() as u32;
            chunk.rests.extend_from_slice(rest);
        }
        chunk.rests.resize(chunk.rests.len() + AHEAD, 0);
        self.chunks[at] = chunk;
    }

    /// What all of them come to as pairs, at the most; each has no more than so many labels.
    pub(crate) fn most_as_pairs(&self, labels: usize) -> usize {
        let bytes = self.chunks.iter().map(|chunk| {
            let bytes = chunk.rests.len() - AHEAD + chunk.texts * chunk.prefix.len();
            match chunk.form {
                Form::Text => most_as_pairs(bytes, chunk.texts, labels),
                Form::Pairs => bytes,
            }
        });
        bytes.sum()
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

/// What all texts begin with that are not empty, without the last byte of any of them.
fn shared<'a>(texts: impl Iterator<Item = &'a [u8]>) -> &'a [u8] {
    let mut texts = texts.filter_map(|text| Some(text.split_last()?.1));
    let first = texts.next().unwrap_or_default();
    let most = first.len().min(MOST_SHARED);
    let len = texts.fold(most, |most, text| {
        let both = first[..most].iter().zip(text);
        both.take_while(|(a, b)| a == b).count()
    });
    &first[..len]
}

fn sum(lens: &[u32]) -> usize {
    lens.iter().map(|len| *len as usize).sum()
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
    fn read<'r>(self, prefix: &[u8], rest: &'r [u8], read: &'r mut String) -> &'r str {
        if rest.is_empty() {
            return "";
        }
        if self == Form::Text && prefix.is_empty() {
            return str::from_utf8(rest).unwrap_or_default();
        }
        let mut whole = std::mem::take(read).into_bytes();
        whole.clear();
        whole.extend_from_slice(prefix);
        whole.extend_from_slice(rest);
        match self {
            // What was written was text.
            Form::Text => *read = String::from_utf8(whole).unwrap_or_default(),
            Form::Pairs => Pairs::make_text(read, &whole),
        }
        read
    }
}

impl Chunk {
    const NONE: Chunk = Chunk {
        form: Form::Text,
        wanted: Form::Text,
        prefix: Vec::new(),
        rests: Vec::new(),
        texts: 0,
    };

    fn new(form: Form, wanted: Form, room: usize) -> Self {
        let mut rests = Vec::with_capacity(room + AHEAD);
        rests.resize(AHEAD, 0);
        Chunk {
            form,
            wanted,
            prefix: Vec::new(),
            rests,
            texts: 0,
        }
    }

    /// Whether a text begins as the others do, and there is room for it.
    fn takes(&self, added: &[u8]) -> bool {
        let rest = added.strip_prefix(&*self.prefix);
        let room = self.rests.capacity() - self.rests.len();
        added.is_empty() || rest.is_some_and(|rest| (1..=room).contains(&rest.len()))
    }
}

/// Texts that stand together, in the order of their series.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Together<'a> {
    form: Form,
    prefix: &'a [u8],
    rests: &'a [u8],
    /// Where the first one begins.
    start: usize,
    lens: &'a [u32],
}

impl<'a> Together<'a> {
    /// In which form they are.
    #[inline(always)]
    pub(crate) fn form(self) -> Form {
        self.form
    }

    /// What stands before the rest of each that is not empty.
    pub(crate) fn prefix(self) -> &'a [u8] {
        self.prefix
    }

    /// How long each rest is.
    #[inline(always)]
    pub(crate) fn lens(self) -> &'a [u32] {
        self.lens
    }

    /// Each rest as how long it is, and as many bytes of memory from its beginning on, where there
    /// are so many.
    #[inline(always)]
    pub(crate) fn iter_ahead<const BYTES: usize>(
        self,
    ) -> impl Iterator<Item = (Option<&'a [u8; BYTES]>, usize)> + use<'a, BYTES> {
        // In 32 bits, in which nothing overflows that is added to it.
        let mut start = self.start as u32;
        self.lens.iter().map(move |len| {
            let from = start as usize;
            let rest = self.rests.get(from..from + BYTES);
            start = start.wrapping_add(*len);
            (rest.and_then(|rest| rest.first_chunk()), *len as usize)
        })
    }

    /// Each rest.
    #[inline(always)]
    pub(crate) fn iter(self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut start = self.start;
        self.lens.iter().map(move |len| {
            let rest = self.rests.get(start..start + *len as usize);
            start += *len as usize;
            rest.unwrap_or_default()
        })
    }

    /// The rest of one of them; an empty one where there are not so many.
    pub(crate) fn get(self, at: usize) -> &'a [u8] {
        self.after(at).iter().next().unwrap_or_default()
    }

    /// Those after so many.
    pub(crate) fn after(self, some: usize) -> Self {
        let (before, lens) = self.lens.split_at(some.min(self.lens.len()));
        Together {
            start: self.start + sum(before),
            lens,
            ..self
        }
    }

    /// What the rests come to, at the most.
    pub(crate) fn most_bytes(self) -> usize {
        self.rests.len()
    }

    /// The text of which this is the rest, which is made in `read` where it does not stand there
    /// as it is.
    pub(crate) fn text<'r>(self, rest: &'r [u8], read: &'r mut String) -> &'r str {
        self.form.read(self.prefix, rest, read)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::render;

    #[test]
    fn room_is_found_again_where_texts_come_and_go() {
        let mut texts = Texts::default();
        (0..300).for_each(|_| texts.push());
        for round in 0..10_000_usize {
            texts.set(round % 300, &"x".repeat(round % 50));
        }
        let capacity: usize = texts
            .chunks
            .iter()
            .map(|chunk| chunk.rests.capacity())
            .sum();
        let most = 300 * 50 * 5 / 4 + 2 * AHEAD;
        assert!(capacity < most, "{capacity}");
    }

    #[test]
    fn a_place_stays_true_when_what_follows_it_leaves() {
        let mut texts = Texts::sharing();
        for number in 0..300 {
            texts.push();
            texts.set(number, &format!("of=\"{number}\""));
        }
        let (mut place, mut read) = (Place::default(), String::new());
        for number in (0..300).step_by(2) {
            // As a series does that expires while a scrape looks at it.
            texts.clear(number);
            let next = number + 1;
            let text = texts.get(next, &mut place, &mut read);
            assert_eq!(text, Some(&*format!("of=\"{next}\"")));
        }
    }

    /// What is done to texts.
    #[derive(Clone, Debug)]
    enum Step {
        Set(usize, String),
        Clear(usize),
        /// Those of a region are wanted in this form.
        Want(usize, Form),
    }

    fn step() -> impl Strategy<Value = Step> {
        let number = 0..600_usize;
        prop_oneof![
            8 => (number.clone(), ".{1,40}", "[\\\\\"x]{0,3}").prop_map(|(number, a, b)| {
                let mut text = String::new();
                render::pairs(&mut text, &[("first", a), ("second", b)]);
                Step::Set(number, text)
            }),
            1 => number.clone().prop_map(Step::Clear),
            1 => (number, any::<bool>()).prop_map(|(number, is_text)| {
                Step::Want(number, if is_text { Form::Text } else { Form::Pairs })
            }),
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
            shares: bool,
        ) {
            let (mut texts, mut model) = (Texts::default(), Vec::new());
            texts.shares = shares;
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
                    Step::Want(_, form) => {
                        let first = number - number % TOGETHER;
                        texts.want(first, form);
                        texts.want(first, form);
                        let together = texts.in_region(first..number + 1);
                        let expected = match form {
                            Form::Text => model[number].clone().into_bytes(),
                            Form::Pairs => as_pairs(&model[number]),
                        };
                        prop_assert_eq!(together.form(), form);
                        let rest = together.get(number - first);
                        let kept = [together.prefix(), rest].concat();
                        let kept = if rest.is_empty() { rest } else { &kept };
                        prop_assert_eq!(kept, expected);
                        let other = [Form::Text, Form::Pairs][usize::from(form == Form::Text)];
                        texts.want(first, other);
                        let once = texts.in_region(first..number + 1);
                        prop_assert_eq!(once.form(), form);
                        let (mut read, rest) = (String::new(), once.get(number - first));
                        prop_assert_eq!(once.text(rest, &mut read), &model[number]);
                    }
                }
            }
            let (mut place, mut read) = (Place::default(), String::new());
            for (number, text) in model.iter().enumerate() {
                let got = texts.get(number, &mut place, &mut read);
                prop_assert_eq!(got, Some(text.as_str()));
                let got = texts.get(number, &mut Place::default(), &mut read);
                prop_assert_eq!(got, Some(text.as_str()));
            }
            let as_pairs: usize = model.iter().map(|text| as_pairs(text).len()).sum();
            let foretold = texts.most_as_pairs(2);
            // A label that is absent takes nothing.
            let most = as_pairs + as_pairs / 32 + 3 * model.len();
            prop_assert!((as_pairs..=most).contains(&foretold), "{foretold} of {as_pairs}");
        }
    }
}
