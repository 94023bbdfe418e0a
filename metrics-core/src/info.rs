//! Infos: facts about the program, as labels of a series that is 1.

use crate::{family::Family, label::LabelSet};

/// Facts that do not change while the program runs, such as its version.
///
/// The labels are the facts; a declared info has a generated method `set` with a parameter for
/// each. Setting again replaces what was there.
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

    /// Replaces the facts.
    #[doc(hidden)]
    pub fn set(&self, facts: &impl LabelSet) {
        self.0.replace(facts);
    }
}
