//! Counters of a family, for which all that they have in common stands ready.

use super::wire::{self, SLACK, Time, double, tag, varint, varint_len};
use crate::{
    desc::Desc,
    encode::buffer::{Buffer, Line, STEP},
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
    /// Whether they are of use: not where a value is long.
    fits: bool,
}

/// A label whose lengths are put in.
#[derive(Clone, Copy, Debug, Default)]
struct Ready {
    step: [u8; STEP],
    len: usize,
    /// Where the value stands in text, and how long it is.
    at: usize,
    value: usize,
}

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
        let mut size = self.fixed.len() + VALUE + time;
        let mut at = self.fixed_text;
        for (part, len) in labels.iter().zip(known).filter(|(_, len)| *len > 0) {
            let value = usize::from(len);
            // All lengths are then numbers of one byte, and a step holds the value.
            if value > STEP {
                return form;
            }
            at += part.text + usize::from(at > 0);
            let mut ready = Ready {
                step: part.step,
                len: part.len,
                at,
                value,
            };
            ready.step[1] = part.len as u8 - 2 + len;
            ready.step[part.len - 1] = len;
            form.parts[form.count] = ready;
            form.count += 1;
            size += part.len + value;
            at += value + 1;
        }
        let mut header = Buffer::default();
        header.write(SLACK, |line| {
            line.put_byte(tag(4, wire::LEN));
            varint(line, size as u64);
        });
        form.header.0[..header.len()].copy_from_slice(header.as_slice());
        form.header.1 = header.len();
        form.size = 1 + varint_len(size as u64) + size;
        form.fits = true;
        form
    }

    /// Writes a `Metric` of a counter in this form, with labels of which a step more of text is
    /// there.
    #[inline(always)]
    pub(super) fn write(&self, line: &mut Line<'_>, text: &[u8], total: f64, time: Time) {
        let form = &self.form;
        line.put_word(form.header.0, form.header.1);
        if !self.fixed.is_empty() {
            line.put(&self.fixed);
        }
        for part in form.parts.iter().take(form.count) {
            line.put_step(&part.step, part.len);
            let value = text.get(part.at..).and_then(|text| text.first_chunk());
            line.put_step(value.unwrap_or(&[0; STEP]), part.value);
        }
        line.put_pair([tag(3, wire::LEN), (VALUE - 2 + form.time) as u8]);
        double(line, 1, total);
        time.write(line, 3);
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
