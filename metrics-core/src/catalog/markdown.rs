//! `Catalog::to_markdown`: writes the catalogue of a registry's metrics as Markdown.

use std::{
    borrow::Cow,
    fmt::{self, Write as _},
};

use super::model::{Catalog, CatalogFamily, CatalogLabel};
use crate::describe::objective::Objective;

impl Catalog {
    /// The catalogue as Markdown, for a documentation site: a table of all families, then a
    /// section for each.
    ///
    /// ```
    /// use metrics_core::{catalog, metrics};
    ///
    /// metrics! {
    ///     /// Lentils counted.
    ///     static LENTILS: Counter = "shop_lentils_total";
    /// }
    ///
    /// assert!(catalog().to_markdown().contains("### `shop_lentils_total`\n\nLentils counted.\n"));
    /// # LENTILS.inc();
    /// ```
    pub fn to_markdown(&self) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_markdown(&mut out);
        out
    }

    fn write_markdown(&self, out: &mut String) -> fmt::Result {
        out.push_str("| metric | type | unit | labels | help |\n|---|---|---|---|---|\n");
        for family in &self.families {
            let labels: Vec<_> = family
                .labels
                .iter()
                .map(|label| code(&label.name))
                .collect();
            writeln!(
                out,
                "| [{}](#{}) | {} | {} | {} | {} |",
                cell(&code(&family.name)),
                anchor(&family.name),
                family.kind,
                cell(family.unit.as_deref().unwrap_or_default()),
                cell(&labels.join(", ")),
                cell(&prose(&family.help)),
            )?;
        }
        for family in &self.families {
            section(out, family)?;
        }
        Ok(())
    }
}

fn section(out: &mut String, family: &CatalogFamily) -> fmt::Result {
    writeln!(out, "\n### {}\n", code(&family.name))?;
    if !family.help.is_empty() {
        writeln!(out, "{}\n", prose(&family.help))?;
    }
    write!(out, "- type: {}", family.kind)?;
    if let Some(unit) = &family.unit {
        write!(out, ", in {}", prose(unit))?;
    }
    out.push('\n');
    for label in &family.labels {
        label_line(out, label)?;
    }
    let floats = |floats: &[f64]| {
        let floats: Vec<_> = floats.iter().map(|float| format!("{float}")).collect();
        floats.join(", ")
    };
    if !family.buckets.is_empty() {
        writeln!(out, "- buckets: {}", floats(&family.buckets))?;
    }
    if let Some(native) = family.native {
        writeln!(
            out,
            "- native buckets: schema {}, at most {}",
            native.schema, native.max_buckets
        )?;
    }
    if !family.quantiles.is_empty() {
        writeln!(out, "- quantiles: {}", floats(&family.quantiles))?;
    }
    if !family.states.is_empty() {
        let states: Vec<_> = family.states.iter().map(|state| code(state)).collect();
        writeln!(out, "- states: {}", states.join(", "))?;
    }
    if let Some(max) = family.max_series {
        writeln!(out, "- at most {max} series")?;
    }
    if let Some(seconds) = family.expire_seconds {
        writeln!(out, "- series expire after {seconds} s without change")?;
    }
    for member in &family.members {
        let at = code(&format!("{}:{}", member.file, member.line));
        write!(out, "- declared at {at}")?;
        for (name, value) in &member.labels {
            write!(out, ", {}", code(&format!("{name}={value:?}")))?;
        }
        for objective in &member.objectives {
            match objective {
                Objective::Latency { seconds, percent } => {
                    write!(out, "; {percent} % take {seconds} s or less")?;
                }
                Objective::Success { percent } => write!(out, "; {percent} % succeed")?,
            }
        }
        out.push('\n');
    }
    Ok(())
}

fn label_line(out: &mut String, label: &CatalogLabel) -> fmt::Result {
    write!(out, "- label {}", code(&label.name))?;
    match &label.values {
        None => writeln!(out, ": any text"),
        Some(values) => {
            let values: Vec<_> = values.iter().map(|value| code(value)).collect();
            writeln!(out, ": {}", values.join(", "))
        }
    }
}

/// Formats text as inline code.
///
/// Text that contains backticks gets a longer fence (`CommonMark` 6.1).
fn code(text: &str) -> String {
    if text.is_empty() {
        return "(empty)".to_owned();
    }
    let text = text.replace(['\n', '\r'], " ");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    if longest == 0 {
        format!("`{text}`")
    } else {
        format!("{fence} {text} {fence}")
    }
}

/// Escapes characters that Markdown interprets inside a line or at its start, and replaces line
/// breaks by spaces.
fn prose(text: &str) -> String {
    // Removes leading spaces, because four of them would begin a code block.
    let text = text.trim_start();
    let list_marker = list_marker(text);
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        match c {
            _ if Some(at) == list_marker => out.extend(['\\', c]),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '&' | '~' => {
                out.extend(['\\', c]);
            }
            '\n' | '\r' => out.push(' '),
            _ => out.push(c),
        }
    }
    out
}

/// The position of the character that makes a line an item of a list or a rule: `-`, `+`, and the
/// one after the number in `1.` or `1)`.
fn list_marker(line: &str) -> Option<usize> {
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_numbered = rest.len() < line.len();
    let is_marker = match rest.chars().next()? {
        '-' | '+' => !is_numbered,
        '.' | ')' => is_numbered,
        _ => false,
    };
    is_marker.then_some(line.len() - rest.len())
}

/// Escapes `|` for a table cell.
fn cell(text: &str) -> Cow<'_, str> {
    if text.contains('|') {
        Cow::Owned(text.replace('|', "\\|"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The URL fragment that GitHub and other Markdown renderers derive from a heading.
fn anchor(heading: &str) -> String {
    let kept = heading
        .chars()
        .filter(|c| c.is_alphanumeric() || "_- ".contains(*c));
    kept.flat_map(char::to_lowercase)
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_help_text_that_looks_like_a_list_or_a_rule_stays_text() {
        for (text, expected) in [
            ("- a", "\\- a"),
            ("+ a", "\\+ a"),
            ("---", "\\---"),
            ("1. a", "1\\. a"),
            ("12) a", "12\\) a"),
            ("    a", "a"),
            ("1.5 s - or 2", "1\\.5 s - or 2"),
            ("5 apples", "5 apples"),
            (".a", ".a"),
            ("", ""),
        ] {
            assert_eq!(prose(text), expected);
        }
    }
}
