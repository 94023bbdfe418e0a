//! A strict parser of the Prometheus text format and of `OpenMetrics`.
//!
//! The official parsers are lenient, because they read what any program may expose. This parser
//! accepts only what metrics-core may write: a surplus space, a number that is not in canonical
//! form, a misplaced line or a value that its type forbids is an error. The parser also reads
//! quoted names.

use std::{
    collections::{BTreeMap, HashSet},
    fmt::Write,
};

/// The text format to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Prometheus' text format, 0.0.4 or 1.0.0.
    Text,
    /// `OpenMetrics` 1.0.
    OpenMetrics,
}

/// A family.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// The name as the parsed format writes it.
    pub name: String,
    /// The type as the parsed format writes it.
    pub kind: String,
    /// The help, unescaped.
    pub help: String,
    /// The unit; empty if there is none.
    pub unit: String,
    /// The samples, in their order.
    pub samples: Vec<Sample>,
}

/// A sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The name, including a suffix such as `_bucket`.
    pub name: String,
    /// The labels, unescaped.
    pub labels: BTreeMap<String, String>,
    /// The value.
    pub value: f64,
    /// The exemplar, if the line has one.
    pub exemplar: Option<Exemplar>,
}

/// The exemplar of a sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Exemplar {
    /// The labels, unescaped.
    pub labels: BTreeMap<String, String>,
    /// The value.
    pub value: f64,
    /// The timestamp in seconds since 1970.
    pub time: f64,
}

/// Parses an exposition; `quotes` allows quoted names.
///
/// # Errors
///
/// The offending line and the reason.
pub fn parse(exposition: &str, dialect: Dialect, quotes: bool) -> Result<Vec<Family>, String> {
    let mut reader = Reader {
        dialect,
        quotes,
        families: Vec::new(),
        names: HashSet::new(),
    };
    let body = match dialect {
        Dialect::Text => exposition,
        Dialect::OpenMetrics => exposition
            .strip_suffix("# EOF\n")
            .ok_or("the exposition does not end in `# EOF`")?,
    };
    if !body.is_empty() && !body.ends_with('\n') {
        return Err("the last line has no line end".to_owned());
    }
    for line in body.split_terminator('\n') {
        let read = reader.line(line);
        read.map_err(|fault| format!("{fault}: {line:?}"))?;
    }
    reader.families.iter().try_for_each(|family| {
        check(family, dialect).map_err(|fault| format!("{fault}: {family:?}"))
    })?;
    Ok(reader.families)
}

/// Formats a float as Go's `strconv.FormatFloat(v, 'g', -1, 64)` does, except that -0 is `0`. For
/// `OpenMetrics`, appends `.0` to a number without point or exponent.
pub fn canonical(value: f64, dialect: Dialect) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    // Removes the sign of -0.
    let value = value + 0.0;
    let shortest = format!("{value:e}");
    let (digits, exponent) = shortest.split_once('e').expect("it has an exponent");
    let exponent: i32 = exponent.parse().expect("it is a number");
    let fraction = digits.len().saturating_sub(2 + usize::from(value < 0.0));
    // If the value lies halfway between two shortest representations, Rust takes the larger one and
    // Go the even one, as rounding to that number of digits does.
    let rounded = format!("{value:.fraction$e}");
    let is_even = rounded.parse() == Ok(value);
    let mut text = if (-4..6).contains(&exponent) {
        let decimals = usize::try_from(fraction as i32 - exponent).unwrap_or(0);
        if is_even {
            format!("{value:.decimals$}")
        } else {
            format!("{value}")
        }
    } else {
        let scientific = if is_even { &rounded } else { &shortest };
        let (mantissa, _) = scientific.split_once('e').expect("it has an exponent");
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{mantissa}e{sign}{:02}", exponent.abs())
    };
    if dialect == Dialect::OpenMetrics && !text.contains(['.', 'e']) {
        text.push_str(".0");
    }
    text
}

struct Reader {
    dialect: Dialect,
    quotes: bool,
    families: Vec<Family>,
    /// Names of the families read so far.
    names: HashSet<String>,
}

type Parsed<T> = Result<T, &'static str>;

impl Reader {
    fn line(&mut self, line: &str) -> Parsed<()> {
        if let Some(comment) = line.strip_prefix("# ") {
            return self.comment(comment);
        }
        let sample = self.sample(line)?;
        let family = self.families.last_mut().ok_or("a sample without family")?;
        if family.kind.is_empty() {
            return Err("a sample before its type");
        }
        let suffix = sample.name.strip_prefix(&*family.name);
        let suffix = suffix.ok_or("a sample of another family")?;
        if !suffixes(&family.kind, self.dialect).contains(&suffix) {
            return Err("a sample with a suffix that its type does not have");
        }
        family.samples.push(sample);
        Ok(())
    }

    fn comment(&mut self, comment: &str) -> Parsed<()> {
        let (keyword, rest) = comment.split_once(' ').ok_or("a comment")?;
        let mut rest = Rest(rest);
        let name = if rest.0.starts_with('"') {
            self.quoted_name(&mut rest)?
        } else {
            rest.legacy(true)?
        };
        rest.take(" ")?;
        let order = match self.dialect {
            Dialect::Text => ["HELP", "TYPE", ""],
            Dialect::OpenMetrics => ["TYPE", "UNIT", "HELP"],
        };
        if keyword == order[0] {
            if !self.names.insert(name.clone()) {
                return Err("a family twice");
            }
            self.families.push(Family {
                name: name.clone(),
                kind: String::new(),
                help: String::new(),
                unit: String::new(),
                samples: Vec::new(),
            });
        }
        let family = self.families.last_mut().ok_or("metadata out of order")?;
        if family.name != name || !family.samples.is_empty() {
            return Err("metadata out of place");
        }
        match keyword {
            "TYPE" if family.kind.is_empty() => rest.0.clone_into(&mut family.kind),
            "UNIT" if family.unit.is_empty() && family.help.is_empty() => {
                rest.0.clone_into(&mut family.unit);
                let unit = format!("_{}", family.unit);
                if family.unit.is_empty() || !family.name.ends_with(&unit) {
                    return Err("a unit that is not in the name");
                }
            }
            "HELP" if family.help.is_empty() => {
                let quote = self.dialect == Dialect::OpenMetrics;
                family.help = unescaped(rest.0, quote)?;
            }
            _ => return Err("unknown or repeated metadata"),
        }
        if keyword == "TYPE" && suffixes(&family.kind, self.dialect).is_empty() {
            return Err("an unknown type");
        }
        Ok(())
    }

    fn sample(&self, line: &str) -> Parsed<Sample> {
        let mut rest = Rest(line);
        let mut labels = BTreeMap::new();
        let name = if rest.0.starts_with('{') {
            rest.take("{")?;
            let name = self.quoted_name(&mut rest)?;
            if rest.take(",").is_ok() {
                labels = self.labels(&mut rest)?;
            } else {
                rest.take("}")?;
            }
            name
        } else {
            let name = rest.legacy(true)?;
            if rest.take("{").is_ok() {
                labels = self.labels(&mut rest)?;
            }
            name
        };
        rest.take(" ")?;
        let (value, exemplar) = match rest.0.split_once(" # {") {
            None => (rest.0, None),
            Some((value, exemplar)) => (value, Some(self.exemplar(exemplar)?)),
        };
        let value = if name.ends_with("_created") {
            time(value)?
        } else {
            number(value, self.dialect)?
        };
        Ok(Sample {
            name,
            labels,
            value,
            exemplar,
        })
    }

    fn exemplar(&self, text: &str) -> Parsed<Exemplar> {
        if self.dialect == Dialect::Text {
            return Err("an exemplar in the text format");
        }
        let mut rest = Rest(text);
        let labels = if rest.take("}").is_ok() {
            BTreeMap::new()
        } else {
            self.labels(&mut rest)?
        };
        let pairs = labels.iter();
        let characters = pairs.map(|(name, value)| name.chars().count() + value.chars().count());
        if characters.sum::<usize>() > 128 {
            return Err("an exemplar that is too long");
        }
        rest.take(" ")?;
        let (value, at) = rest.0.split_once(' ').ok_or("an exemplar without a time")?;
        Ok(Exemplar {
            labels,
            value: number(value, self.dialect)?,
            time: time(at)?,
        })
    }

    /// Reads labels up to and including the closing brace.
    fn labels(&self, rest: &mut Rest<'_>) -> Parsed<BTreeMap<String, String>> {
        let mut labels = BTreeMap::new();
        loop {
            let name = if rest.0.starts_with('"') {
                self.quoted_name(rest)?
            } else {
                rest.legacy(false)?
            };
            rest.take("=")?;
            let value = rest.quoted()?;
            if value.is_empty() {
                return Err("a label without value");
            }
            if name == "__name__" || labels.insert(name, value).is_some() {
                return Err("a label twice");
            }
            if rest.take("}").is_ok() {
                return Ok(labels);
            }
            rest.take(",")?;
        }
    }

    /// Reads a quoted name.
    fn quoted_name(&self, rest: &mut Rest<'_>) -> Parsed<String> {
        let name = rest.quoted()?;
        if !self.quotes {
            return Err("a name in quotes");
        }
        if name.is_empty() || name.contains(char::is_control) {
            return Err("an empty name, or one with a control character");
        }
        Ok(name)
    }
}

/// The unread part of a line.
struct Rest<'l>(&'l str);

impl Rest<'_> {
    fn take(&mut self, expected: &str) -> Parsed<()> {
        let rest = self.0.strip_prefix(expected);
        self.0 = rest.ok_or("unexpected text")?;
        Ok(())
    }

    fn legacy(&mut self, colon: bool) -> Parsed<String> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || (colon && c == ':');
        let end = self.0.find(|c| !is_part(c)).unwrap_or(self.0.len());
        let (name, rest) = self.0.split_at(end);
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err("an invalid name");
        }
        self.0 = rest;
        Ok(name.to_owned())
    }

    fn quoted(&mut self) -> Parsed<String> {
        self.take("\"")?;
        let mut is_escaped = false;
        let end = self.0.find(|c| match c {
            _ if is_escaped => {
                is_escaped = false;
                false
            }
            '\\' => {
                is_escaped = true;
                false
            }
            c => c == '"',
        });
        let (text, rest) = self.0.split_at(end.ok_or("a quote that does not end")?);
        self.0 = &rest[1..];
        unescaped(text, true)
    }
}

/// Decodes the escapes `\\` and `\n`, and with `quote` also `\"`; any other is an error.
fn unescaped(text: &str, quote: bool) -> Parsed<String> {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' => match chars.next() {
                Some('n') => '\n',
                Some('\\') => '\\',
                Some('"') if quote => '"',
                _ => return Err("an unknown escape"),
            },
            '"' if quote => return Err("a quote that is not escaped"),
            c => c,
        });
    }
    Ok(out)
}

fn number(text: &str, dialect: Dialect) -> Parsed<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_whole = !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && (digits == "0" || !digits.starts_with('0'));
    let value: f64 = match text {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        _ => text.parse().map_err(|_| "an invalid number")?,
    };
    if is_whole || canonical(value, dialect) == text {
        Ok(value)
    } else {
        Err("a number that is not canonical")
    }
}

/// Parses a timestamp in seconds with exactly three decimals.
fn time(text: &str) -> Parsed<f64> {
    let (whole, fraction) = text.split_once('.').ok_or("a time without fraction")?;
    let mut digits = whole.bytes().chain(fraction.bytes());
    if whole.is_empty() || fraction.len() != 3 || !digits.all(|byte| byte.is_ascii_digit()) {
        return Err("an invalid timestamp");
    }
    text.parse().map_err(|_| "an invalid timestamp")
}

/// The suffixes that sample names of a type append to the family's name.
fn suffixes(kind: &str, dialect: Dialect) -> &'static [&'static str] {
    match (dialect, kind) {
        (_, "gauge")
        | (Dialect::Text, "counter" | "untyped")
        | (Dialect::OpenMetrics, "unknown" | "stateset") => &[""],
        (Dialect::OpenMetrics, "counter") => &["_total", "_created"],
        (Dialect::OpenMetrics, "info") => &["_info"],
        (Dialect::Text, "histogram") => &["_bucket", "_sum", "_count"],
        (Dialect::OpenMetrics, "histogram") => &["_bucket", "_sum", "_count", "_created"],
        (Dialect::OpenMetrics, "gaugehistogram") => &["_bucket", "_gsum", "_gcount"],
        (Dialect::Text, "summary") => &["", "_sum", "_count"],
        (Dialect::OpenMetrics, "summary") => &["", "_sum", "_count", "_created"],
        _ => &[],
    }
}

/// Checks the values of a family, and that the lines of each series are adjacent.
fn check(family: &Family, dialect: Dialect) -> Result<(), String> {
    let mut lines = HashSet::new();
    let mut groups = HashSet::new();
    let mut last = None;
    let mut group: Vec<&Sample> = Vec::new();
    for sample in &family.samples {
        let mut key = sample.name.clone();
        let _ = write!(key, "{:?}", sample.labels);
        if !lines.insert(key) {
            return Err(format!("a series twice, {sample:?}"));
        }
        let mut labels = sample.labels.clone();
        let line_label = match &*family.kind {
            "histogram" | "gaugehistogram" => "le",
            "summary" => "quantile",
            "stateset" => &family.name,
            _ => "",
        };
        labels.remove(line_label);
        if last.as_ref() != Some(&labels) {
            check_series(family, &group, dialect)?;
            group.clear();
            if !groups.insert(format!("{labels:?}")) {
                return Err(format!(
                    "the lines of a series are not adjacent, {sample:?}"
                ));
            }
            last = Some(labels);
        }
        group.push(sample);
    }
    check_series(family, &group, dialect)
}

fn check_series(family: &Family, series: &[&Sample], dialect: Dialect) -> Result<(), String> {
    let fault = |words: &str| Err(format!("{words} in {series:?}"));
    let of = |suffix: &str| -> Vec<&Sample> {
        let name = format!("{}{suffix}", family.name);
        let samples = series.iter().filter(|sample| sample.name == name);
        samples.copied().collect()
    };
    if series.is_empty() {
        return Ok(());
    }
    let with_exemplars = |samples: &[&Sample]| {
        let has_one = |sample: &&&Sample| sample.exemplar.is_some();
        samples.iter().filter(has_one).count()
    };
    let mut may_have = Vec::new();
    match &*family.kind {
        "counter" => {
            may_have = of(if dialect == Dialect::Text {
                ""
            } else {
                "_total"
            });
            if may_have
                .iter()
                .any(|s| !(s.value >= 0.0 && s.value.is_finite()))
            {
                return fault("an invalid total");
            }
        }
        "histogram" | "gaugehistogram" => {
            may_have = of("_bucket");
            check_histogram(family, &may_have, &of)?;
        }
        "summary" => {
            let mut before = -1.0;
            for sample in of("") {
                let quantile = sample.labels.get("quantile");
                let quantile = quantile.ok_or("no quantile")?;
                let at = number(quantile, dialect)?;
                if !(before < at && at <= 1.0) || sample.value < 0.0 {
                    return fault("quantiles out of order or negative");
                }
                before = at;
            }
            let sound = |sample: &&Sample| sample.value >= 0.0 && sample.value.is_finite();
            if of("_sum").len() != 1
                || of("_count").len() != 1
                || !of("_sum").iter().chain(&of("_count")).all(sound)
            {
                return fault("an invalid sum or count");
            }
        }
        "info" if series[0].value.to_bits() != 1.0_f64.to_bits() => {
            return fault("a value other than 1");
        }
        "stateset" => {
            for sample in series {
                if !sample.labels.contains_key(&family.name)
                    || ![0.0_f64, 1.0]
                        .map(f64::to_bits)
                        .contains(&sample.value.to_bits())
                {
                    return fault("an invalid state");
                }
            }
        }
        _ => {}
    }
    if with_exemplars(&may_have) != with_exemplars(series) {
        return fault("an exemplar on a sample that may not have one");
    }
    Ok(())
}

fn check_histogram<'f>(
    family: &Family,
    buckets: &[&Sample],
    of: &impl Fn(&str) -> Vec<&'f Sample>,
) -> Result<(), String> {
    let fault = |words: &str| Err(format!("{words} in {buckets:?}"));
    let (mut bound, mut total) = (f64::NEG_INFINITY, 0.0);
    let mut has_negative_bound = false;
    for sample in buckets {
        let le = sample.labels.get("le").ok_or("no bound")?;
        let le: f64 = le.parse().map_err(|_| "an invalid bound")?;
        if le.is_nan() || le <= bound || sample.value < total {
            return fault("buckets out of order");
        }
        let inside = |exemplar: &Exemplar| exemplar.value > bound && exemplar.value <= le;
        if !sample.exemplar.as_ref().is_none_or(inside) {
            return fault("an exemplar of another bucket");
        }
        has_negative_bound |= le < 0.0;
        (bound, total) = (le, sample.value);
    }
    if bound < f64::INFINITY {
        return fault("no `+Inf` bucket");
    }
    let gauge = family.kind == "gaugehistogram";
    let [sum, count] = if gauge {
        [of("_gsum"), of("_gcount")]
    } else {
        [of("_sum"), of("_count")]
    };
    if sum.len() != count.len() || sum.len() > 1 {
        return fault("a sum without count, or a count without sum");
    }
    if count
        .iter()
        .any(|count| count.value.to_bits() != total.to_bits())
    {
        return fault("a count that differs from the last bucket");
    }
    if sum
        .iter()
        .any(|sum| !sum.value.is_finite() || (sum.value < 0.0 && gauge && !has_negative_bound))
    {
        return fault("an invalid sum");
    }
    Ok(())
}
