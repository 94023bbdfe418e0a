//! Contender of the encoding bench: copies the bytes of metrics-core's text exposition, which shows
//! the least time that moving the bytes takes.

use metrics_core::Format;

use super::ours::{self, Recorders};
use crate::{
    common::{Column, Role},
    expositions::{Encoder, Race, Work},
};

struct Copy {
    text: Vec<u8>,
    /// The threads that have recorded the values, which record before each copy so that it finds the
    /// processor's caches as the encoder does.
    recorders: Option<Recorders>,
}

impl Encoder for Copy {
    fn encode(&mut self, out: &mut Vec<u8>) {
        // Only the first call allocates; later ones only copy.
        out.extend_from_slice(&self.text);
    }

    fn record(&mut self) -> bool {
        self.recorders.as_ref().is_some_and(Recorders::record)
    }
}

pub(crate) fn enter(race: &mut Race, work: Work) {
    race.enter(work, MEMCPY, || {
        let (registry, recorders) = ours::registry(work);
        Copy {
            text: registry.encode_to_string(Format::Text).into_bytes(),
            recorders,
        }
    });
}

const MEMCPY: Column = Column {
    name: "memcpy",
    package: None,
    role: Role::Limit,
};
