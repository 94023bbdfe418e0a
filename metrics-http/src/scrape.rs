//! One exposition on its way: encoded by a thread of its own, streamed into a body.

use std::{
    io::{self, Write},
    thread,
    time::Duration,
};

use metrics_core::{ExpositionFormat, Registry};
use tokio::sync::OwnedSemaphorePermit;

use crate::{
    body::{Body, Writer},
    compress::Coding,
    share::{Keep, Lead},
};

/// What a request asked for.
#[derive(Clone, PartialEq)]
pub(crate) struct Asked {
    pub(crate) exposition: ExpositionFormat,
    pub(crate) coding: Coding,
    /// Families or samples to restrict the exposition to; empty for all.
    pub(crate) names: Vec<String>,
}

/// An exposition to be made.
pub(crate) struct Scrape {
    pub(crate) registry: Registry,
    pub(crate) asked: Asked,
    pub(crate) time: Duration,
    /// For the others that ask for the same.
    pub(crate) lead: Option<Lead<Asked>>,
}

impl Scrape {
    /// Starts to encode; the place among the scrapes at once is free again at the end.
    ///
    /// The thread is not taken from the pool of a runtime: that pool may be full of the
    /// program's own work, and a program in trouble is the one whose metrics are wanted.
    pub(crate) fn start(mut self, place: OwnedSemaphorePermit) -> io::Result<Body> {
        let keep = self.lead.take().map(|lead| Box::new(lead) as Box<dyn Keep>);
        let (body, writer) = Body::piped(self.time, keep);
        thread::Builder::new()
            .name("metrics-scrape".to_owned())
            .spawn(move || {
                // A client that went away or took too long: the writer breaks the body off.
                let _ = self.run(writer);
                drop(place);
            })?;
        Ok(body)
    }

    fn run(self, out: Writer) -> io::Result<()> {
        self.asked.coding.write(out, |out| self.encode(out))
    }

    fn encode(&self, mut out: &mut dyn Write) -> io::Result<()> {
        let names = &self.asked.names;
        let wanted = |name: &str| names.iter().any(|wanted| wanted == name);
        let wanted = (!names.is_empty()).then_some(&wanted as &dyn Fn(&str) -> bool);
        // What is left is for writing.
        let time = self.time / 4 * 3;
        self.registry
            .encode_within(self.asked.exposition, &mut out, time, wanted)
    }
}
