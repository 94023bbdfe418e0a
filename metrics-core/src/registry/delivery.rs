//! [`Delivery`]: an exposition that is on its way to its recipient (a scraper, push target or
//! file).

use std::{
    fmt::{self, Debug, Formatter},
    sync::Arc,
};

use crate::{
    registry::{
        collected::Collected, collector::Collector, exposed_families::ExposedFamilies,
        selection::Selection,
    },
    series::recipients::{ExpositionStart, Recipient},
    storage::Reader,
};

/// An exposition that was encoded or gathered for a [`Recipient`], until the recipient has it.
///
/// [`Registry::encode_for`] and [`Registry::gather_for`] return it, for programs that send
/// expositions themselves. Idle series of metrics with `#[expire]` leave when it is
/// [confirmed](Self::confirm). If an exposition does not arrive, drop its delivery: the next
/// exposition then has the same series.
///
/// [`Registry::encode_for`]: crate::Registry::encode_for
/// [`Registry::gather_for`]: crate::Registry::gather_for
#[derive(Clone)]
#[must_use = "idle series expire only if the delivery is confirmed"]
pub struct Delivery {
    families: Arc<ExposedFamilies>,
    /// Positions of the families in the exposition whose series can expire.
    expiring: Vec<usize>,
    /// Positions of the collectors whose series are in the exposition and can expire.
    collectors: Vec<usize>,
    start: ExpositionStart,
    has_recipient: bool,
}

impl Delivery {
    /// Starts an exposition of the selected families for a recipient.
    pub(crate) fn start(
        families: &Arc<ExposedFamilies>,
        recipient: Option<Recipient>,
        selection: Selection<'_>,
    ) -> Self {
        let start = ExpositionStart::now();
        let expiring = families.selected_expiring(selection);
        if let Some(recipient) = recipient {
            for member in families.expiring_members(&expiring) {
                member.recipients().expect(recipient, start);
            }
        }
        Delivery {
            families: Arc::clone(families),
            expiring,
            collectors: Vec::new(),
            start,
            has_recipient: recipient.is_some(),
        }
    }

    /// Notes which collectors have written their series to the exposition.
    pub(crate) fn note_collected(
        &mut self,
        recipient: Option<Recipient>,
        collected: &[Option<Arc<Collected>>],
    ) {
        let Some(recipient) = recipient else {
            return;
        };
        for (at, _) in collected.iter().enumerate().filter(|(_, of)| of.is_some()) {
            if let Some(expiry) = self.collector(at).and_then(Collector::expiry) {
                expiry.expect(recipient, self.start);
                self.collectors.push(at);
            }
        }
    }

    fn collector(&self, position: usize) -> Option<&dyn Collector> {
        self.families.collectors()[position].collector()
    }

    pub(crate) fn exposition(&self) -> ExpositionStart {
        self.start
    }

    /// A reader for the exposition.
    pub(crate) fn reader(&self) -> Reader {
        Reader::for_exposition(self.start.number, self.has_recipient)
    }

    /// Whether [`confirm`](Self::confirm) has an effect.
    #[doc(hidden)]
    pub fn can_expire(&self) -> bool {
        !self.expiring.is_empty() || !self.collectors.is_empty()
    }

    /// Notes that the recipient has received the exposition to its end, and lets those series
    /// expire that were idle when the exposition began and whose last values all recipients have.
    ///
    /// `recipient` is the one that the exposition was encoded for. Takes time in proportion to the
    /// number of series that can expire.
    pub fn confirm(&self, recipient: Recipient) {
        for member in self.families.expiring_members(&self.expiring) {
            member.confirm_delivery(recipient, self.start);
        }
        for collector in self.collectors.iter().filter_map(|at| self.collector(*at)) {
            if let Some(expiry) = collector.expiry() {
                collector.expire(expiry.deliver(recipient, self.start));
            }
        }
    }
}

impl Debug for Delivery {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").finish_non_exhaustive()
    }
}
