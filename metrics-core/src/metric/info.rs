//! [`Info`]: facts about the program, as the labels of a series whose value is 1.

use crate::{
    describe::label::LabelSet,
    metric::family::{Family, Replacement},
};

/// Facts about the program, such as its version, exposed as labels.
///
/// A declared info has two generated methods: `set`, which takes the label values, and `get`. It
/// has no series before the first `set`; each later `set` replaces the labels. `set` takes a lock.
///
/// ```
/// use metrics_core::{Format, encode_to_string, metrics};
///
/// metrics! {
///     /// The build that runs.
///     static BUILD: Info<(version: &str, profile: &str)> = "demo_build_info";
/// }
///
/// BUILD.set("1.2.3", "release");
/// assert_eq!(BUILD.get().unwrap()[0], ("version".to_owned(), "1.2.3".to_owned()));
/// let text = encode_to_string(Format::Text);
/// assert!(text.contains(r#"demo_build_info{version="1.2.3",profile="release"} 1"#));
/// ```
#[derive(Debug)]
pub struct Info(&'static Family);

impl Info {
    #[doc(hidden)]
    pub const fn at(family: &'static Family) -> Self {
        Info(family)
    }

    /// Label names and values; `None` before they are set.
    #[doc(hidden)]
    pub fn get(&self) -> Option<Vec<(String, String)>> {
        let mut facts = None;
        self.0.retain(|labels| {
            let owned = labels
                .iter()
                .map(|(name, value)| (name.into_owned(), value.into_owned()));
            facts = Some(owned.collect());
            true
        });
        facts
    }

    /// Replaces the labels.
    #[doc(hidden)]
    pub fn set(&self, facts: &impl LabelSet) {
        let mut series = Replacement::default();
        series.set(facts, &0_i64);
        series.apply(self.0);
    }
}
