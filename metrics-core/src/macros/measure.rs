//! `measure!`, which measures a part of a function.

use super::enabled;

#[doc(hidden)]
pub use enabled::measure as __measure;

/// Measures a part of a function as [`counted`](macro@crate::counted),
/// [`timed`](macro@crate::timed) and [`in_flight`](macro@crate::in_flight) measure whole functions.
///
/// The arguments are a name, which becomes the label `function`, one or more of these attributes
/// with their arguments, and the code: a closure without arguments, an `async` block, or a block.
///
/// ```
/// use metrics_core::{Format, encode_to_string, measure};
///
/// fn total(lines: &str) -> Result<u32, std::num::ParseIntError> {
///     let numbers = measure!("total: parse", counted, timed, || {
///         lines.lines().map(str::parse).collect::<Result<Vec<u32>, _>>()
///     })?;
///     Ok(measure!("total: sum", timed, { numbers.iter().sum::<u32>() }))
/// }
///
/// assert_eq!(total("1\n2"), Ok(3));
/// assert!(total("x").is_err());
/// let text = encode_to_string(Format::Text);
/// let line = |outcome| text.lines().any(|line| {
///     line.starts_with("function_calls_total{function=\"total: parse\"") && line.ends_with(outcome)
/// });
/// assert!(line(r#"outcome="ok"} 1"#));
/// assert!(line(r#"outcome="error"} 1"#));
/// ```
///
/// # Code
///
/// | code | measured | value of the macro | `return` and `?` in it |
/// |---|---|---|---|
/// | `\|\| ...`, `move \|\| ...`, `\|\| -> Type { ... }` | the call of the closure, which the macro makes at once | what the closure returns | end the closure |
/// | `async { ... }`, `async move { ... }` | the future, from its first poll to its end | the future | end the future |
/// | `{ ... }` | the block | the block's value | are a compile error, as are `break` and `continue` out of the block |
///
/// A block is compiled as a closure, so a `return` in it would not leave the enclosing function.
/// Code that ends early is written as a closure, followed by `?` to pass its error on.
///
/// ```
/// use metrics_core::measure;
///
/// # async fn get(url: &str) -> Result<String, std::io::Error> { Ok(url.to_owned()) }
/// async fn fetch(url: &str, cached: Option<String>) -> Result<String, std::io::Error> {
///     if let Some(page) = cached {
///         return Ok(page);
///     }
///     measure!("fetch: download", in_flight, timed(labels(url)), async { get(url).await }).await
/// }
/// # drop(fetch("", None));
/// ```
///
/// # Outcome and labels
///
/// The outcomes and the arguments are those of the attributes: a result that is an `Err` is an
/// `error`, a panic is a `panic`, and a future that is dropped before its end is `cancelled`. The
/// compiler must be able to infer the type of the result from the code alone; write it otherwise, as
/// in `|| -> u32 { ... }`. With a written type that is not a `Result`, or with `fallible = false`,
/// there is no series for `error`; without, it starts at 0.
///
/// `labels(name)` takes a variable in scope. Its type is not known, so the label is open:
/// `labels(name: Type = name)` makes the label closed if `Type` is. A type may not name a generic
/// parameter of the enclosing function. `docs` and `skip` do not apply.
///
/// To measure a closure that is called often, write the macro in its body, as in `items.map(|item|
/// measure!("parse", timed, || parse(item)))`. Each place has one series for all calls; places with
/// the same name in one module share it.
///
/// # Expands to
///
/// ```text
/// {
///     use call::ValueProbeFallback as _;
///     call::run_call::<call::Counted<_>, _, _>(
///         { /* the metric: see `counted` */ },
///         || { ... },
///         |result| call::ValueProbe(result).is_error(),
///     )
/// }
/// ```
#[macro_export]
macro_rules! measure {
    ($($code:tt)*) => {
        $crate::__measure! { $crate $($code)* }
    };
}
