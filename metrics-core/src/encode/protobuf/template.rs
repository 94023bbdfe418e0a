//! Counters of a family, for which all that they have in common stands ready.

use super::wire::{self, Birth, SLACK, tag, varint};
use crate::{
    cell::{Loop, with_wide_vectors},
    desc::Desc,
    encode::{
        Counters,
        buffer::{Buffer, HALF, STEP},
    },
    render::{self, Lens},
    texts::AHEAD,
};

/// What is the same in the series of a family with few labels of short names.
#[derive(Debug, Default)]
pub(super) struct Template {
    /// Labels that all of them have, as fields of a `Metric`, and what those of the family take
    /// in the text of each series.
    fixed: Vec<u8>,
    fixed_text: usize,
    /// None where they are many or their names long.
    labels: Option<Vec<Part>>,
    /// Of the last series, by the lengths of its values; none where one is long.
    form: Option<(Lens, Option<Form>)>,
}

/// What is the same of one label.
#[derive(Debug)]
struct Part {
    /// The field up to the value, of which two lengths are to be put in.
    step: [u8; STEP],
    /// How long that is.
    len: usize,
    /// What stands before the value in text, without a comma.
    text: usize,
}

/// What is the same in series whose labels have values of the same lengths, as most neighbours
/// do.
#[derive(Debug, Default)]
pub(super) struct Form {
    lens: Lens,
    /// What stands before the labels of the family, and how long it is.
    head: [[u8; STEP]; HEAD / STEP],
    head_len: u8,
    parts: [Ready; Lens::MOST],
    /// How many of them there are.
    count: usize,
    /// Whether names and values take no more than half a step each.
    are_short: bool,
    /// Where what follows the labels begins.
    value: u8,
    /// The length of the whole `Metric`.
    size: u8,
}

/// A label whose lengths are put in.
#[derive(Clone, Copy, Debug, Default)]
struct Ready {
    step: [u8; STEP],
    /// Where that goes, and where the value does.
    to: u8,
    value_to: u8,
    /// Where the value stands in text.
    from: u8,
}

/// What stands before the labels of a family is of use up to this length.
const HEAD: usize = 2 * STEP;

/// The room in which a `Metric` is written that has a form: everything goes there in whole pieces,
/// in order, and the rest of each is overwritten by the next. They begin at places that a byte
/// holds, so that no place has to be compared with the end.
const ROOM: usize = 256 + HEAD;

/// From any place in a text that a byte holds on there is a step.
const _: () = assert!(AHEAD >= 255 + STEP);

/// What a counter takes beside its labels and its birth.
const VALUE: usize = 2 + 9;

impl Template {
    /// That of a family.
    pub(super) fn new(desc: &Desc, common: &[u8], constant: &[u8]) -> Self {
        let mut text = String::new();
        render::pairs(&mut text, &desc.constant);
        let labels = desc.label_names().map(|name| {
            let mut text = String::new();
            render::label(&mut text, name, "x");
            Part::new(name, text.len() - 2)
        });
        let labels: Option<Vec<Part>> = labels.collect();
        Template {
            fixed: [common, constant].concat(),
            fixed_text: text.len(),
            labels: labels.filter(|labels| labels.len() <= Lens::MOST),
            form: None,
        }
    }

    /// The room that so many take.
    pub(super) fn room(counters: usize) -> usize {
        counters * 256 + ROOM
    }

    /// Writes the metrics of counters until one has another form than the first, or until the next
    /// would be beyond so many bytes; returns how many these are, and how long. There are none
    /// where values are long or have escapes in them.
    pub(super) fn write(
        &mut self,
        out: &mut [u8],
        counters: &Counters<'_>,
        births: &[Birth],
        most: usize,
    ) -> (usize, usize) {
        let lens = counters.lens.first().copied().unwrap_or_default();
        if self.form.as_ref().is_none_or(|(known, _)| *known != lens) {
            self.form = Some((lens, self.new_form(lens)));
        }
        let Some((_, Some(form))) = &self.form else {
            return (0, 0);
        };
        let of_count = match (form.count, form.are_short) {
            (1, true) => Form::write::<1, HALF>,
            (2, true) => Form::write::<2, HALF>,
            (3, true) => Form::write::<3, HALF>,
            (4, true) => Form::write::<4, HALF>,
            (1, false) => Form::write::<1, STEP>,
            (2, false) => Form::write::<2, STEP>,
            (3, false) => Form::write::<3, STEP>,
            _ => Form::write::<4, STEP>,
        };
        of_count(form, out, counters, births, most)
    }

    /// The form of a series with values of these lengths; `None` where one is long.
    #[inline(never)]
    fn new_form(&self, lens: Lens) -> Option<Form> {
        let (labels, known) = (self.labels.as_ref()?, lens.known()?);
        let mut form = Form {
            lens,
            are_short: true,
            ..Form::default()
        };
        // As if nothing stood before the labels.
        let (mut to, mut from) = (0, self.fixed_text);
        for (part, len) in labels.iter().zip(known).filter(|(_, len)| *len > 0) {
            let value = usize::from(len);
            // All lengths are then numbers of one byte, and a step holds the value.
            if value > STEP {
                return None;
            }
            from += part.text + usize::from(from > 0);
            let mut step = part.step;
            step[1] = part.len as u8 - 2 + len;
            step[part.len - 1] = len;
            form.parts[form.count] = Ready {
                step,
                to: u8::try_from(to).ok()?,
                value_to: u8::try_from(to + part.len).ok()?,
                from: u8::try_from(from).ok()?,
            };
            form.count += 1;
            form.are_short &= value.max(part.len) <= HALF;
            to += part.len + value;
            from += value + 1;
        }
        let size = self.fixed.len() + to + VALUE + Birth::SIZE;
        let mut head = Buffer::default();
        head.write(self.fixed.len() + SLACK, |line| {
            line.put_byte(tag(4, wire::LEN));
            varint(line, size as u64);
            line.put(&self.fixed);
        });
        let place = form.head.as_flattened_mut().get_mut(..head.len());
        place?.copy_from_slice(head.as_slice());
        form.head_len = head.len() as u8;
        for part in &mut form.parts[..form.count] {
            part.to = part.to.checked_add(form.head_len)?;
            part.value_to = part.value_to.checked_add(form.head_len)?;
        }
        form.value = u8::try_from(head.len() + to).ok()?;
        form.size = u8::try_from(head.len() + to + VALUE + Birth::SIZE).ok()?;
        (form.count > 0).then_some(form)
    }
}

impl Form {
    /// Writes metrics of so many labels, each in two pieces of so many bytes.
    ///
    /// Nothing is called, so that all that is needed stays in registers.
    #[inline(never)]
    fn write<const LABELS: usize, const PIECE: usize>(
        &self,
        out: &mut [u8],
        counters: &Counters<'_>,
        births: &[Birth],
        most: usize,
    ) -> (usize, usize) {
        with_wide_vectors(Metrics::<LABELS, PIECE> {
            form: self,
            out,
            counters,
            births,
            most,
        })
    }
}

/// Metrics to be written.
struct Metrics<'a, const LABELS: usize, const PIECE: usize> {
    form: &'a Form,
    out: &'a mut [u8],
    counters: &'a Counters<'a>,
    births: &'a [Birth],
    most: usize,
}

impl<const LABELS: usize, const PIECE: usize> Loop for Metrics<'_, LABELS, PIECE> {
    type Output = (usize, usize);

    #[inline(always)]
    fn run(self) -> (usize, usize) {
        let Metrics {
            form,
            mut out,
            counters,
            births,
            most,
        } = self;
        let (room, size) = (out.len(), usize::from(form.size));
        let Some(parts) = form.parts.first_chunk::<LABELS>() else {
            return (0, 0);
        };
        let series = counters.labels.iter_text::<AHEAD>().zip(counters.lens);
        let series = series.zip(counters.totals).zip(births);
        let mut at = 0;
        let series = counters.live.iter().zip(series).take(most / size.max(1));
        for (live, ((((text, _), lens), total), birth)) in series {
            if *live {
                let is_alike = *lens == form.lens && birth.is_known();
                let (true, Some(metric), Some(text)) =
                    (is_alike, out.first_chunk_mut::<ROOM>(), text)
                else {
                    break;
                };
                let head = form.head.as_flattened();
                if form.head_len > 8 {
                    metric[..HEAD].copy_from_slice(head);
                } else {
                    metric[..8].copy_from_slice(&head[..8]);
                }
                for part in parts {
                    let (to, from) = (usize::from(part.to), usize::from(part.from));
                    metric[to..][..PIECE].copy_from_slice(&part.step[..PIECE]);
                    let to = usize::from(part.value_to);
                    metric[to..][..PIECE].copy_from_slice(&text[from..][..PIECE]);
                }
                let value = &mut metric[usize::from(form.value)..][..3 + 8 + 16];
                value[..4].copy_from_slice(&[
                    tag(3, wire::LEN),
                    (VALUE - 2 + Birth::SIZE) as u8,
                    tag(1, wire::DOUBLE),
                    0,
                ]);
                value[3..11].copy_from_slice(&(*total as f64).to_le_bytes());
                value[11..].copy_from_slice(&birth.field());
                out = &mut out[size..];
            }
            at += 1;
        }
        (at, room - out.len())
    }
}

impl Part {
    fn new(name: &str, text: usize) -> Option<Self> {
        let mut step = [0; STEP];
        let field = [
            &[tag(1, wire::LEN), 0, tag(1, wire::LEN), name.len() as u8],
            name.as_bytes(),
            &[tag(2, wire::LEN), 0],
        ]
        .concat();
        step.get_mut(..field.len())?.copy_from_slice(&field);
        Some(Part {
            step,
            len: field.len(),
            text,
        })
    }
}
