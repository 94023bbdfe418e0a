//! Counters of a family, for which all that they have in common stands ready.

use super::wire::{self, Time, double, tag, varint};
use crate::{
    desc::Desc,
    encode::buffer::{Line, STEP, copy},
    render::{self, Lens},
};

/// What is the same in the series of a family with few labels of short names.
#[derive(Debug, Default)]
pub(super) struct Template {
    /// Whether it is of use: not where the labels are many or their names long.
    pub(super) fits: bool,
    /// Labels that all of them have, as fields of a `Metric`, and what those of the family take
    /// in the text of each series.
    fixed: Vec<u8>,
    fixed_text: usize,
    labels: Vec<Part>,
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
        let labels = labels.filter(|labels| labels.len() <= Lens::MOST);
        Template {
            fits: labels.is_some(),
            fixed: [common, constant].concat(),
            fixed_text: text.len(),
            labels: labels.unwrap_or_default(),
        }
    }

    /// The length of a `Metric`'s fields.
    #[inline(always)]
    pub(super) fn size(&self, lens: [u8; Lens::MOST], time: Time) -> usize {
        let mut size = self.fixed.len() + VALUE + time.size();
        for (part, len) in self.labels.iter().zip(lens) {
            if len > 0 {
                size += part.len + usize::from(len);
            }
        }
        size
    }

    /// Writes a `Metric` of a counter.
    #[inline(always)]
    pub(super) fn write(
        &self,
        line: &mut Line<'_>,
        size: usize,
        (text, lens): (&[u8; TEXT], [u8; Lens::MOST]),
        total: f64,
        time: Time,
    ) {
        line.put_byte(tag(4, wire::LEN));
        varint(line, size as u64);
        if !self.fixed.is_empty() {
            line.put(&self.fixed);
        }
        let mut at = self.fixed_text;
        for (part, len) in self.labels.iter().zip(lens) {
            if len == 0 {
                continue;
            }
            at += part.text + usize::from(at > 0);
            let value = text.get(at..).and_then(|text| text.first_chunk());
            let second = part.len as u8 - 2 + len;
            line.put_steps(
                &part.step,
                (part.len, second, len),
                value.unwrap_or(&[0; STEP]),
                len,
            );
            at += usize::from(len) + 1;
        }
        line.put_pair([tag(3, wire::LEN), (VALUE - 2 + time.size()) as u8]);
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

/// The labels of a series, if they are short, copied to where there is a step's room behind them.
#[inline(always)]
pub(super) fn short<'t>(
    text: &'t mut [u8; TEXT],
    labels: &str,
    lens: [u8; Lens::MOST],
) -> Option<&'t [u8; TEXT]> {
    let place = text[..TEXT - STEP].get_mut(..labels.len())?;
    copy(place, labels.as_bytes());
    // All lengths of a field are then numbers of one byte.
    let is_short = lens
        .iter()
        .fold(true, |is, len| is & (usize::from(*len) <= STEP));
    is_short.then_some(text)
}

/// Room for the labels of a series, and a step behind them.
pub(super) const TEXT: usize = 256;
