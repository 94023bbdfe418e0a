//! [`Delivery`]: an exposition that is on its way to its recipient (a scraper, push target or
//! file).

use std::{
    fmt::{self, Debug, Formatter},
    sync::Arc,
};

use crate::{
    registry::{exposed_families::ExposedFamilies, settings::Settings},
    series::recipients::{ExpositionStart, Recipient},
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
    start: ExpositionStart,
}

impl Delivery {
    /// Starts an exposition of the selected families for a recipient.
    pub(crate) fn start(
        settings: &Settings,
        families: &Arc<ExposedFamilies>,
        recipient: Option<Recipient>,
        filter: Option<&dyn Fn(&str) -> bool>,
    ) -> Self {
        let start = ExpositionStart::now();
        let expiring = families.selected_expiring(settings, filter);
        if let Some(recipient) = recipient {
            for member in families.expiring_members(&expiring) {
                member.recipients().expect(recipient, start);
            }
        }
        Delivery {
            families: Arc::clone(families),
            expiring,
            start,
        }
    }

    /// The number of the exposition; see [`ExpositionStart`].
    pub(crate) fn number(&self) -> u64 {
        self.start.number
    }

    /// Notes that the recipient has received the exposition to its end, and lets those series
    /// expire that were idle when it began and whose last values all recipients have.
    ///
    /// `recipient` is the one that the exposition was encoded for. Takes time in proportion to the
    /// number of series that can expire.
    pub fn confirm(&self, recipient: Recipient) {
        for member in self.families.expiring_members(&self.expiring) {
            member.confirm_delivery(recipient, self.start);
        }
    }
}

impl Debug for Delivery {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").finish_non_exhaustive()
    }
}
