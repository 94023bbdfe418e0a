//! Contender of the encoding bench: copies the bytes of metrics-core's text exposition, which shows
//! the least time that moving the bytes takes.

use metrics_core::Format;

use super::ours;
use crate::{
    common::{Column, Role},
    expositions::{Encoder, Race, Work},
};

struct Copy(Vec<u8>);

impl Encoder for Copy {
    fn encode(&mut self, out: &mut Vec<u8>) {
        // Only the first call allocates; later ones only copy.
        out.extend_from_slice(&self.0);
    }
}

pub(crate) fn enter(race: &mut Race, work: Work) {
    race.enter(work, MEMCPY, || {
        let (registry, _recorders) = ours::registry(work);
        Copy(registry.encode_to_string(Format::Text).into_bytes())
    });
}

const MEMCPY: Column = Column {
    name: "memcpy",
    package: None,
    role: Role::Limit,
};
