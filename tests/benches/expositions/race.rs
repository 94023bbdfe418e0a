//! Measures all encoders alternately, in rounds, so that another load on the machine slows each of
//! them.

use std::{hint::black_box, time::Duration};

use super::{
    Encoder, Work,
    allocator::{Allocated, watch},
    clock::time,
    plausible::{check_length, check_text},
};
use crate::common::{Column, median};

/// Contenders that are measured in the same rounds.
pub(crate) struct Race {
    contenders: Vec<Contender>,
    /// Contenders to skip, because they would take too long.
    left_out: Vec<Column>,
}

/// The results of one contender for one workload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    pub(super) work: Work,
    pub(super) column: Column,
    /// Median time of an exposition.
    pub(super) nanoseconds: f64,
    /// Length of the exposition in bytes.
    pub(super) bytes: usize,
    pub(super) allocated: Allocated,
}

impl Race {
    pub(crate) fn new(left_out: Vec<Column>) -> Self {
        Self {
            contenders: Vec::new(),
            left_out,
        }
    }

    /// Checks the exposition of an encoder and adds the encoder, unless `column` is to be skipped.
    pub(crate) fn enter<E: Encoder + 'static>(
        &mut self,
        work: Work,
        column: Column,
        make: impl FnOnce() -> E,
    ) {
        if self.left_out.contains(&column) {
            return;
        }
        let mut encoder = make();
        let mut out = Vec::new();
        encoder.encode(&mut out);
        if encoder.is_text() {
            check_text(work, column, &out);
        } else {
            check_length(work, column, &out);
        }
        let mut contender = Contender {
            work,
            column,
            encoder: Box::new(encoder),
            bytes: out.len(),
            out,
            allocated: Allocated { times: 0, peak: 0 },
            repetitions: 1,
        };
        // The first exposition has allocated the buffer, and the second fills caches (ours caches
        // labels when a format is requested again), so the third allocates like all later ones.
        contender.encode();
        contender.allocated = watch(|| contender.encode());
        let time = contender.duration();
        contender.repetitions = (BATCH.as_secs_f64() / time.as_secs_f64()).ceil() as usize;
        self.contenders.push(contender);
    }

    /// Measures all contenders and returns their medians.
    pub(crate) fn run(mut self, rounds: usize) -> Vec<Measured> {
        if let Some(first) = self.contenders.first() {
            eprintln!(
                "{}: {} contenders",
                first.work.name(),
                self.contenders.len()
            );
        }
        let mut times = vec![Vec::new(); self.contenders.len()];
        for _ in 0..rounds {
            for (contender, times) in self.contenders.iter_mut().zip(&mut times) {
                times.push(contender.duration().as_secs_f64() * 1e9);
            }
        }
        let measured = self.contenders.iter().zip(times);
        measured
            .map(|(contender, times)| Measured {
                work: contender.work,
                column: contender.column,
                nanoseconds: median(times),
                bytes: contender.bytes,
                allocated: contender.allocated,
            })
            .collect()
    }
}

struct Contender {
    work: Work,
    column: Column,
    encoder: Box<dyn Encoder>,
    /// Length of the exposition in bytes.
    bytes: usize,
    out: Vec<u8>,
    allocated: Allocated,
    /// Number of expositions that take about [`BATCH`].
    repetitions: usize,
}

impl Contender {
    /// Returns the average time of an exposition.
    fn duration(&mut self) -> Duration {
        let repetitions = self.repetitions;
        if self.encoder.record() {
            return self.duration_between_recordings();
        }
        // Warms up first, because the previous contender has evicted this one's data from the
        // processor's caches.
        if repetitions > 1 {
            (0..repetitions.div_ceil(4)).for_each(|_| self.encode());
        }
        let all = time(|| (0..repetitions).for_each(|_| self.encode()));
        all / repetitions as u32
    }

    /// Returns the average time of expositions, each of which follows recordings.
    fn duration_between_recordings(&mut self) -> Duration {
        let mut all = Duration::ZERO;
        for _ in 0..self.repetitions {
            self.encoder.record();
            all += time(|| self.encode());
        }
        all / self.repetitions as u32
    }

    fn encode(&mut self) {
        if !self.encoder.overwrites() {
            self.out.clear();
        }
        self.encoder.encode(&mut self.out);
        black_box(&self.out);
    }
}

const BATCH: Duration = Duration::from_millis(20);
