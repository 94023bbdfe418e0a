//! Counters of a family, for which all that they have in common stands ready.

use super::wire::{self, SLACK, Time, tag, varint};
use crate::{
    desc::Desc,
    encode::buffer::{Buffer, STEP},
    render::{self, Lens},
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
    form: Form,
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
    time: usize,
    /// The length of the whole `Metric`.
    pub(super) size: usize,
    /// What stands before the labels, and how long it is.
    header: ([u8; 8], usize),
    parts: [Ready; Lens::MOST],
    /// How many of them there are.
    count: usize,
    /// Where what follows the labels begins.
    value: usize,
    /// Whether they are of use: not where a value is long.
    fits: bool,
}

/// A label whose lengths are put in.
#[derive(Clone, Copy, Debug, Default)]
struct Ready {
    step: [u8; STEP],
    /// Where that goes, and where the value does.
    to: usize,
    value_to: usize,
    /// Where the value stands in text.
    from: usize,
}

/// The room in which a `Metric` is written that has a form: everything goes there in whole pieces,
/// in order, and the rest of each is overwritten by the next.
pub(super) const ROOM: usize = 512;
/// The last place in it at which a piece may begin.
const LAST: usize = ROOM - STEP;

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
            form: Form::default(),
        }
    }

    /// The form of a series with this birth and values of these lengths; `None` where one is long.
    #[inline(always)]
    pub(super) fn form(&mut self, lens: Lens, time: Time) -> Option<&Form> {
        if self.form.lens != lens || self.form.time != time.size() || self.form.size == 0 {
            self.form = self.new_form(lens, time.size());
        }
        self.form.fits.then_some(&self.form)
    }

    #[inline(never)]
    fn new_form(&self, lens: Lens, time: usize) -> Form {
        let mut form = Form {
            lens,
            time,
            // A form of none is not asked for again.
            size: 1,
            ..Form::default()
        };
        let (Some(labels), Some(known)) = (&self.labels, lens.known()) else {
            return form;
        };
        // As if there were no header.
        let (mut to, mut at) = (self.fixed.len(), self.fixed_text);
        for (part, len) in labels.iter().zip(known).filter(|(_, len)| *len > 0) {
            let value = usize::from(len);
            // All lengths are then numbers of one byte, and a step holds the value.
            if value > STEP {
                return form;
            }
            at += part.text + usize::from(at > 0);
            let mut ready = Ready {
                step: part.step,
                to,
                value_to: to + part.len,
                from: at,
            };
            ready.step[1] = part.len as u8 - 2 + len;
            ready.step[part.len - 1] = len;
            form.parts[form.count] = ready;
            form.count += 1;
            to += part.len + value;
            at += value + 1;
        }
        let size = to + VALUE + time;
        let mut header = Buffer::default();
        header.write(SLACK, |line| {
            line.put_byte(tag(4, wire::LEN));
            varint(line, size as u64);
        });
        form.header.0[..header.len()].copy_from_slice(header.as_slice());
        form.header.1 = header.len();
        form.size = header.len() + size;
        form.value = header.len() + to;
        for part in &mut form.parts {
            part.to += header.len();
            part.value_to += header.len();
        }
        form.fits = form.size < LAST;
        form
    }

    /// Writes a `Metric` of a counter in this form, with labels of which a step more of text is
    /// there.
    #[inline(always)]
    pub(super) fn write(&self, out: &mut [u8; ROOM], text: &[u8], total: f64, time: Time) {
        let form = &self.form;
        out[..8].copy_from_slice(&form.header.0);
        if !self.fixed.is_empty() {
            out[form.header.1..][..self.fixed.len()].copy_from_slice(&self.fixed);
        }
        for part in form.parts.iter().take(form.count) {
            out[part.to.min(LAST)..][..STEP].copy_from_slice(&part.step);
            let value = &text[part.from..][..STEP];
            out[part.value_to.min(LAST)..][..STEP].copy_from_slice(value);
        }
        let out = &mut out[form.value.min(LAST)..];
        out[..3].copy_from_slice(&[
            tag(3, wire::LEN),
            (VALUE - 2 + form.time) as u8,
            tag(1, wire::DOUBLE),
        ]);
        out[3..VALUE].copy_from_slice(&total.to_le_bytes());
        if let Some(out) = out[VALUE..].first_chunk_mut() {
            time.write_step(out, 3);
        }
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
