//! [`Exemplar`]: a labelled example of a recording, as [`gather`](crate::gather()) returns it.

use crate::sample::{label_text::LabelView, value::RenderedExemplar};

/// An example of what a counter or a histogram has counted, with labels that lead to it, such as a
/// trace identifier.
///
/// [`gather`](crate::gather()) returns exemplars, and [OpenMetrics](crate::Format::OpenMetrics) and
/// [protobuf](crate::Format::Protobuf) write them; the other formats have no syntax for them.
///
/// The program attaches an exemplar to a recording with
/// [`observe_with_exemplar`](crate::Histogram::observe_with_exemplar) or
/// [`inc_with_exemplar`](crate::Counter::inc_with_exemplar). A metric with `#[exemplars]` takes
/// them from the current span: see [`metrics!`](crate::metrics#exemplars).
///
/// ```
/// use metrics_core::{gather, metrics};
///
/// metrics! {
///     /// Time to answer.
///     static ANSWER: Histogram = "exemplar_answer_seconds";
/// }
///
/// ANSWER.observe_with_exemplar(0.3, &[("trace_id", "4bf92f3577b34da6")]);
/// let families = gather();
/// let answer = families.iter().find(|family| family.name == "exemplar_answer_seconds");
/// let exemplar = &answer.expect("it is declared").metrics[0].exemplars[0];
/// assert_eq!(exemplar.value, 0.3);
/// assert_eq!(exemplar.labels[0], ("trace_id".to_owned(), "4bf92f3577b34da6".to_owned()));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Exemplar {
    /// Label names and values.
    pub labels: Vec<(String, String)>,
    /// The observed value, or the increment of a counter.
    pub value: f64,
    /// Unix time of the recording, in seconds.
    pub time: f64,
}

impl From<&RenderedExemplar> for Exemplar {
    fn from(exemplar: &RenderedExemplar) -> Self {
        let labels = LabelView::new(&exemplar.labels).iter();
        Exemplar {
            labels: labels
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
            value: exemplar.value,
            time: exemplar.time,
        }
    }
}
