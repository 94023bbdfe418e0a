//! Generates the source of the crates whose build times are measured.

use super::{FUNCTIONS, Variant};

/// Name of every generated crate; it does not vary, because it is part of symbols and labels.
pub(super) const PACKAGE: &str = "functions";

pub(super) fn manifest(variant: Variant) -> String {
    let dependency = match variant {
        Variant::Plain => String::new(),
        Variant::Instrument => "tracing = \"0.1\"".to_owned(),
        Variant::Counted | Variant::Timed | Variant::TimedAndCounted => {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../metrics-core");
            format!("metrics-core = {{ path = {path:?} }}")
        }
    };
    // The table `workspace` keeps the crate out of the surrounding workspace.
    format!(
        "\
[package]
name = \"{PACKAGE}\"
edition = \"2024\"

[dependencies]
{dependency}

[workspace]
"
    )
}

/// The source of a program that calls each function once.
pub(super) fn program(variant: Variant) -> String {
    let attributes = variant.attributes().join(" ");
    let groups = 0..FUNCTIONS / GROUP;
    let calls: Vec<String> = groups
        .clone()
        .map(|group| format!("group_{group}::call();"))
        .collect();
    let calls = calls.join("\n    ");
    let modules: String = groups.map(|group| module(group, &attributes)).collect();
    format!(
        "\
use std::{{pin::Pin, task::{{Context, Waker}}}};

fn main() {{
    {calls}
}}

fn run(future: Pin<&mut dyn Future<Output = ()>>) {{
    // One poll completes the future, because nothing in it waits.
    _ = future.poll(&mut Context::from_waker(Waker::noop()));
}}
{modules}"
    )
}

/// A module of functions of one kind, and one function that calls them all.
///
/// The functions are spread over modules as in real crates, because the compiler divides its work
/// by modules.
fn module(group: usize, attributes: &str) -> String {
    let kind = Kind::ALL[group % Kind::ALL.len()];
    let numbers = group * GROUP..(group + 1) * GROUP;
    let functions: String = numbers
        .clone()
        .map(|number| function(kind, number, attributes))
        .collect();
    let wait = if kind.is_async { ".await" } else { "" };
    let calls: Vec<String> = numbers
        .map(|number| {
            let call = format!("function_{number}(black_box({number}), black_box(\"1\")){wait}");
            format!("_ = black_box({call});")
        })
        .collect();
    let mut calls = calls.join("\n        ");
    if kind.is_async {
        calls = format!("crate::run(std::pin::pin!(async {{ {calls} }}));");
    }
    format!(
        "
mod group_{group} {{
    use std::hint::black_box;

    pub(crate) fn call() {{
        {calls}
    }}
{functions}}}
"
    )
}

/// A small function; the number in its body keeps the compiler from merging equal functions.
fn function(kind: Kind, number: usize, attributes: &str) -> String {
    let (fun, wait) = if kind.is_async {
        ("async fn", "        std::future::ready(()).await;\n")
    } else {
        ("fn", "")
    };
    let (output, result) = if kind.is_fallible {
        (
            "Result<u64, std::num::ParseIntError>",
            "Ok(id ^ text.parse::<u64>()?)",
        )
    } else {
        ("u64", "id ^ text.len() as u64")
    };
    format!(
        "
    {attributes} {fun} function_{number}(id: u64, text: &str) -> {output} {{
{wait}        let id = id.wrapping_mul({number});
        {result}
    }}
"
    )
}

#[derive(Clone, Copy)]
struct Kind {
    is_async: bool,
    is_fallible: bool,
}

impl Kind {
    const ALL: [Self; 4] = [
        Self::new(false, false),
        Self::new(false, true),
        Self::new(true, false),
        Self::new(true, true),
    ];

    const fn new(is_async: bool, is_fallible: bool) -> Self {
        Self {
            is_async,
            is_fallible,
        }
    }
}

/// Number of calls per calling function: a future with all calls would be huge.
const GROUP: usize = 10;
