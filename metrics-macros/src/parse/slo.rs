//! Parses the service level objectives in `slo(...)`, and durations such as `"250ms"`.

use proc_macro2::{Ident, Span};
use syn::{LitFloat, LitInt, LitStr, Token, parse::ParseStream};

use super::grammar::{comma_separated, equals, key, skip_argument, value};
use crate::model::{Errors, Latency, Slo, Slot};

/// Parses the content of `slo(...)` and adds the objectives to `out`.
///
/// `slo` is the key of the argument; an error about the whole argument points at it.
pub(crate) fn objectives(
    slo: &Ident,
    content: ParseStream,
    out: &mut Slo,
    errors: &mut Errors,
) -> syn::Result<()> {
    let mut latency = Slot::default();
    let mut objective = Slot::default();
    let mut success = Slot::default();
    let mut has_unknown = false;
    comma_separated(content, |content| {
        let key = &key(
            "an objective; write `latency = \"250ms\", objective = 99.9` or `success = 99.5`",
            content,
        )?;
        match key.to_string().as_str() {
            "latency" => latency.set(key, duration(key, content)?, errors),
            "objective" => objective.set(key, percent(key, content, errors)?, errors),
            "success" => success.set(key, percent(key, content, errors)?, errors),
            _ => {
                let message = format_args!(
                    "unknown objective `{key}`; expected `latency` with `objective`, or `success`"
                );
                errors.at(key, message);
                skip_argument(content)?;
                has_unknown = true;
            }
        }
        Ok(())
    })?;
    // Reports no missing objective after an unknown argument, which may be that objective,
    // misspelt.
    if has_unknown {
        return Ok(());
    }
    match (latency.key(), objective.key(), success.key()) {
        (None, None, None) => errors.at(
            slo,
            "the objective is missing; write `slo(latency = \"250ms\", objective = 99.9)` or \
             `slo(success = 99.5)`",
        ),
        (Some(key), None, _) => {
            let message = "`latency` needs a percentage of calls; add `objective = 99.9`";
            errors.at(key, message);
        }
        (None, Some(key), _) => {
            let message = "`objective` needs a duration; add `latency = \"250ms\"`";
            errors.at(key, message);
        }
        _ => {}
    }
    if let Some(key) = success.key().cloned()
        && let Some(success) = success.into_inner()
    {
        out.success.set(&key, success, errors);
    }
    if let Some(key) = latency.key().cloned()
        && let (Some(time), Some(percent)) = (latency.into_inner(), objective.into_inner())
        && let Some(seconds) = errors.take(seconds(&time))
    {
        let span = time.span();
        let latency = Latency {
            seconds,
            percent,
            span,
        };
        out.latency.set(&key, latency, errors);
    }
    Ok(())
}

/// Parses `= "250ms"`.
fn duration(key: &Ident, input: ParseStream) -> syn::Result<LitStr> {
    if input.peek(Token![=]) && !input.peek2(LitStr) {
        input.parse::<Token![=]>()?;
        return Err(not_a_duration(input.span()));
    }
    value(key, "\"250ms\"", input)
}

fn not_a_duration(span: Span) -> syn::Error {
    let message = "expected a duration; write a number and `us`, `ms` or `s`, such as `\"250ms\"`";
    syn::Error::new(span, message)
}

const NOT_A_PERCENTAGE: &str = "expected a percentage above 0 and below 100, which leaves an \
                                error budget; write, for example, `99.9`";

/// Parses `= 99.9`.
fn percent(key: &Ident, input: ParseStream, errors: &mut Errors) -> syn::Result<LitFloat> {
    equals(key, "99.9", input)?;
    let literal = if input.peek(LitInt) {
        let int: LitInt = input.parse()?;
        LitFloat::new(&format!("{}.0", int.base10_digits()), int.span())
    } else {
        let number = input.parse::<LitFloat>();
        number.map_err(|error| syn::Error::new(error.span(), NOT_A_PERCENTAGE))?
    };
    let value: f64 = literal.base10_parse()?;
    if !(value > 0.0 && value < 100.0) {
        errors.at(&literal, NOT_A_PERCENTAGE);
    }
    Ok(literal)
}

/// Converts a duration such as `"250ms"` to seconds.
pub(crate) fn seconds(duration: &LitStr) -> syn::Result<f64> {
    let text = duration.value();
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let units_per_second = match &text[number.len()..] {
        "us" => Some(1e6),
        "ms" => Some(1e3),
        "s" => Some(1.0),
        _ => None,
    };
    let parsed = number.parse::<f64>().ok();
    match (parsed, units_per_second) {
        // Divides instead of multiplying by 0.000001, which is inexact: "5us" must be exactly the
        // float 0.000005 that a bucket bound is written as.
        (Some(number), Some(units)) if number > 0.0 && number.is_finite() => Ok(number / units),
        _ => Err(not_a_duration(duration.span())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_the_float_of_its_decimal_number_of_seconds() {
        let parse = |text| seconds(&LitStr::new(text, Span::call_site())).ok();
        assert_eq!(parse("250ms"), Some(0.25));
        assert_eq!(parse("0.3s"), Some(0.3));
        assert_eq!(parse("700us"), Some(0.0007));
        for wrong in ["250", "ms", "0s", "-1s", "1h", "1 s", "inf s", ""] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
