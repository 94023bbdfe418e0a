//! [`Renames`]: the metric and label names that the bridge has changed so that every scraper
//! accepts them.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use metrics_core::{Collection, Desc, Kind, Subject};

/// The metric and label names that have another name in the exposition than in the program.
#[derive(Default)]
pub(super) struct Renames(Mutex<BTreeSet<Rename>>);

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Rename {
    /// The name of the family in the exposition.
    family: String,
    /// `metric` or `label`: the kind of the name.
    of: &'static str,
    recorded: String,
    exposed: String,
}

impl Renames {
    /// Notes the name of a metric, unless the exposition has it unchanged or only with `_total`
    /// added.
    pub(super) fn note_metric(&self, family: &str, recorded: &str) {
        if family.strip_suffix("_total") != Some(recorded) {
            self.note(family, "metric", recorded, family);
        }
    }

    /// Notes the name of a label, unless it is exposed as it was recorded.
    pub(super) fn note_label(&self, family: &str, recorded: &str, exposed: &str) {
        self.note(family, "label", recorded, exposed);
    }

    fn note(&self, family: &str, of: &'static str, recorded: &str, exposed: &str) {
        if recorded == exposed {
            return;
        }
        let mut renames = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if renames.len() < MAX_RENAMES {
            renames.insert(Rename {
                family: family.to_owned(),
                of,
                recorded: recorded.to_owned(),
                exposed: exposed.to_owned(),
            });
        }
    }

    /// Writes a series for each changed name.
    pub(super) fn write(&self, out: &mut Collection<'_>) {
        let desc = &RENAMED;
        let renames = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for rename in &*renames {
            let labels = [
                ("family", rename.family.as_str()),
                ("of", rename.of),
                ("recorded", &rename.recorded),
                ("exposed", &rename.exposed),
            ];
            out.info(desc, &labels);
        }
    }
}

pub(super) const RENAMED: Desc = Desc::new(
    Kind::Info,
    "metrics_facade_renamed_info",
    "Names that are exposed with another spelling than recorded through the facade `metrics`.",
)
.about(Subject::Library);

/// Limits the memory and the number of series, because a program may generate names without end.
const MAX_RENAMES: usize = 1000;
