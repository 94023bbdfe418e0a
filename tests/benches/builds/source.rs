//! The text of a generated crate.

use super::{FUNCTIONS, Variant};

/// What all the crates are called: the name is in symbols and labels, so none may be longer.
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
    // The table `workspace` keeps Cargo from taking it for a member of the workspace around it.
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

/// A program that calls each function once.
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
    // Once is enough: nothing in it ever waits.
    _ = future.poll(&mut Context::from_waker(Waker::noop()));
}}
{modules}"
    )
}

/// Functions of one kind, and one that calls them all.
///
/// They have a module of their own, as functions have in real crates: the compiler divides its
/// work by modules.
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

/// A small function; the number in its body keeps the compiler from merging it with another.
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

/// How many functions one function calls: all in one future would be a giant.
const GROUP: usize = 10;
