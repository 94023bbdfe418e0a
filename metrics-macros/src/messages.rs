//! Tests the error messages for tokens that the grammar does not allow. Each message says what to
//! write; syn's own messages, such as "expected identifier", do not.
//!
//! Some tests contain common mistakes, each with its message. The others replace every token of
//! valid input by tokens that do not belong there, and assert that no message has the form of
//! syn's.

use std::str::FromStr;

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::quote;
use syn::LitStr;

use crate::{
    model::{COUNTED, IN_FLIGHT, Mode, TIMED},
    pipeline,
};

/// The messages of the errors in an expansion.
fn messages(expansion: TokenStream) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_error = false;
    for token in expansion {
        match token {
            TokenTree::Ident(ident) => is_error = ident == "compile_error",
            TokenTree::Group(group) if is_error => {
                found.extend(syn::parse2(group.stream()).map(|text: LitStr| text.value()));
                is_error = false;
            }
            TokenTree::Group(group) => found.extend(messages(group.stream())),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
    found
}

fn tokens(text: &str) -> TokenStream {
    TokenStream::from_str(text).expect("tokens")
}

fn of_attribute(args: &TokenStream) -> Vec<String> {
    let item = quote!(
        fn call(x: &str, user: &User) -> Result<u8, ()> {}
    );
    messages(pipeline::instrument(&TIMED, args, &item, "m", Mode::On))
}

fn of_declarations(input: &TokenStream) -> Vec<String> {
    messages(pipeline::declare(quote!(::m #input), Mode::On))
}

fn of_label(input: &TokenStream) -> Vec<String> {
    messages(pipeline::derive_label(input.clone(), "m"))
}

fn of_labels(input: &TokenStream) -> Vec<String> {
    messages(pipeline::derive_labels(input.clone(), "m"))
}

/// Asserts that each input causes exactly the error beside it.
fn assert_each(errors: impl Fn(&TokenStream) -> Vec<String>, cases: &[(&str, &str)]) {
    for (input, message) in cases {
        assert_eq!(errors(&tokens(input)), [*message], "{input}");
    }
}

#[test]
fn a_wrong_argument_of_a_function_attribute_is_answered_by_the_right_one() {
    assert_each(
        of_attribute,
        &[
            (
                r#""app_total""#,
                r#"an argument has a key; write `name = "app_total"`"#,
            ),
            (
                r#"name("app_seconds")"#,
                r#"`name` needs a value; write `name = "..."`"#,
            ),
            (
                "name = NAME",
                r#"`name` takes a string literal; write `name = "..."`"#,
            ),
            ("name =", r#"`name` needs a value; write `name = "..."`"#),
            (
                r#"name: "app_seconds""#,
                r#"`name` needs a value; write `name = "..."`"#,
            ),
            (
                r#"fallible = "yes""#,
                "`fallible` takes `true` or `false`; write `fallible = true`",
            ),
            ("docs = true", "`docs` takes no value; write `docs` alone"),
            (
                r#"name = "app_seconds" labels(x)"#,
                "expected `,` before this; add it, or remove this",
            ),
            (
                "labels = x",
                "`labels` needs arguments; write `labels(argument)`",
            ),
            (
                "lables(x)",
                "unknown argument `lables`; did you mean `labels`?",
            ),
            (
                "skip(x)",
                "a function's argument is a label only if `labels(...)` lists it; remove this",
            ),
            (
                "skip_all",
                "a function's argument is a label only if `labels(...)` lists it; remove this",
            ),
            (
                "fields(id = user.id)",
                "unknown argument `fields`; write labels as `labels(name = expression)`",
            ),
            (
                r#"crate = "m""#,
                "`crate` takes a path; write `crate = ::metrics_core`",
            ),
            (
                r#"name = "app_seconds", buckets(0.1, native)"#,
                "`native` stands before the bounds; write `buckets(native, 0.1, 1.0)`",
            ),
            (
                r#"name = "app_seconds", buckets([0.1, 1.0])"#,
                "bounds are listed without brackets; write, for example, `0.1, 1.0`",
            ),
            (
                r#"slo("250ms")"#,
                "expected an objective; write `latency = \"250ms\", objective = 99.9` or \
                 `success = 99.5`",
            ),
        ],
    );
}

#[test]
fn a_label_of_a_function_that_is_none_is_answered_by_the_label_meant() {
    assert_each(
        of_attribute,
        &[
            (
                r#"labels("x")"#,
                "a label is written without quotes; write `labels(x)` for the argument `x`, or \
                 `labels(x = expression)`",
            ),
            (
                "labels(user.id)",
                "the label has no name; write `id = user.id`",
            ),
            (
                "labels(user.name.as_str())",
                "the label has no name; write `name = user.name.as_str()`",
            ),
            ("labels(&x)", "the label has no name; write `x = &x`"),
            (
                "labels(kind::of(x))",
                "the label has no name; write `of = kind::of(x)`",
            ),
            ("labels(5)", "the label has no name; write `name = 5`"),
            (
                "labels(_)",
                "expected a label; write `labels(argument)` or `labels(name = expression)`",
            ),
            (
                "labels(x user)",
                "expected `,` before this; add it, or remove this",
            ),
            (
                "labels(x; user)",
                "expected `,` before this; add it, or remove this",
            ),
            (
                "labels(type)",
                "`type` is a keyword; write `r#type` for an argument of this name, or \
                 `type = expression`",
            ),
            (
                "labels(?x)",
                "a label is written without `?`; write `labels(%argument)` for a value that \
                 implements `Display`, or `labels(name = expression)`",
            ),
            (
                "labels(|user| user.id)",
                "expected a label; write `labels(argument)` or `labels(name = expression)`",
            ),
            (
                "labels(x => y)",
                "`x` needs a value; write `x = expression`",
            ),
            ("labels(x =)", "`x` needs a value; write `x = expression`"),
            (
                "labels(x:)",
                "the type is missing; write `x: Type`, or remove the `:`",
            ),
            (
                "labels(x = x y)",
                "expected `,` before this; add it, or remove this",
            ),
            (
                "labels(on_return)",
                "the function has no argument `on_return`; write `on_return(name = |result| \
                 expression)`",
            ),
            (
                "labels(on_return())",
                "`on_return` needs labels; write `on_return(name = |result| expression)`",
            ),
            (
                "labels(on_return(|result| result.len()))",
                "the label has no name; write `name = |result| expression`",
            ),
        ],
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn a_wrong_declaration_is_answered_by_the_right_one() {
    let declaration = |text: &str| {
        let declaration = tokens(text);
        of_declarations(&quote!(
            /// A.
            #declaration
        ))
    };
    for (input, message) in [
        (
            r#"static A: Gauge<method: &str> = "app_a";"#,
            "labels stand in parentheses within `<>`; write `Gauge<(method: &str)>`",
        ),
        (
            r#"static A: Gauge(method: &str) = "app_a";"#,
            "labels stand in parentheses within `<>`; write `Gauge<(method: &str)>`",
        ),
        (
            r#"static A: Gauge<&str> = "app_a";"#,
            "a label needs a name; write `Gauge<(name: &str)>`",
        ),
        (
            r#"static A: Gauge<"method"> = "app_a";"#,
            "a label is written without quotes; write `method: &str`",
        ),
        (
            r#"static A: Gauge<> = "app_a";"#,
            "the labels are missing; write `Gauge<(name: &str)>`, or `Gauge`",
        ),
        (
            r#"static A: Gauge<Page, Cache> = "app_a";"#,
            "a metric has one list of labels; write `Gauge<(a: A, b: B)>`, or a struct that \
             derives `Labels`",
        ),
        (
            r#"static A: Gauge<(method)> = "app_a";"#,
            "the label has no type; write `method: &str`",
        ),
        (
            r#"static A: Gauge<(method = &str)> = "app_a";"#,
            "the label has no type; write `method: &str`",
        ),
        (
            r#"static A: Gauge<(method:)> = "app_a";"#,
            "the label has no type; write `method: &str`",
        ),
        (
            r#"static A: Gauge<("method")> = "app_a";"#,
            "a label is written without quotes; write `method: &str`",
        ),
        (
            r#"static A: Gauge<(&str)> = "app_a";"#,
            "the label has no name; write `name: &str`",
        ),
        (
            r#"static A: Gauge<(Cache)> = "app_a";"#,
            "the label has no name; write `name: Cache`",
        ),
        (
            r#"static A: Gauge<(a: u8 b: u8)> = "app_a";"#,
            "expected `,` before this; add it, or remove this",
        ),
        (
            r#"static A: StateSet<(a: u8)> = "app_a";"#,
            "the type of the states is missing; write `StateSet<States>`, or `StateSet<States, \
             (name: &str)>` with labels",
        ),
        (
            r#"static A: metrics_core::Gauge = "app_a";"#,
            "the type has no path in `metrics!`; write `Gauge`",
        ),
        (
            r#"static A: Guage = "app_a";"#,
            "unknown metric type `Guage`; did you mean `Gauge`?",
        ),
        (
            r#"static A = "app_a";"#,
            "the type is missing; write `static A: Counter`",
        ),
        (
            r#"const A: Gauge = "app_a";"#,
            "a metric is a static; write `static` in place of this",
        ),
        (
            r#"static mut A: Gauge = "app_a";"#,
            "recording needs no mutable static; remove `mut`",
        ),
        (
            r#"A: Gauge = "app_a";"#,
            r#"expected a declaration; write `static NAME: Counter = "...";`"#,
        ),
        (
            r#"static A: Gauge = "app_a""#,
            "a declaration ends in `;`; add it",
        ),
        (
            r#"static A: Gauge = "app_a" /** B. */ static B: Gauge = "app_b";"#,
            "a declaration ends in `;`; add it",
        ),
        (
            r#"static A: Gauge = "app_a","#,
            "a declaration ends in `;` here; write that in place of this",
        ),
        (
            "static A: Gauge = NAME;",
            r#"the name is a string literal; write `= "app_name"`"#,
        ),
        (
            r#"static A: Gauge "app_a";"#,
            "`=` is missing before the name; add it",
        ),
        (
            r#"static A: Gauge = "app_a"; prefix = "app";"#,
            "the prefix applies to the whole block; move it before the first declaration",
        ),
        (
            r#"#[unit = "seconds"] static A: Gauge = "app_a_seconds";"#,
            r#"`unit` takes a string literal; write `#[unit("seconds")]`"#,
        ),
        (
            r#"#[bucket(0.1)] static A: Histogram = "app_a";"#,
            "unknown attribute `bucket`; did you mean `buckets`?",
        ),
        (
            r#"#[labels("a")] static A: Gauge = "app_a";"#,
            "labels stand after the type; write `Counter<(name: &str)>`",
        ),
        (
            r#"static A: Gauge<(self: &str)> = "app_a";"#,
            "`self` cannot name a parameter; write `#[name(\"self\")] other_name: ..`",
        ),
        (
            r#"static A: Gauge<(_: &str)> = "app_a";"#,
            "the label has no name; write `name: &str`",
        ),
        (
            r#"#[max_series] static A: Gauge<(a: u8)> = "app_a";"#,
            "`max_series` takes a number; write `#[max_series(1000)]`",
        ),
        (
            r#"static A: Gauge<(#[normalize("f")] a: &str)> = "app_a";"#,
            "`normalize` takes the path of a function; write `#[normalize(path)]`",
        ),
        (
            r#"static A: Gauge<(#[allow_only(200)] a: &str)> = "app_a";"#,
            r#"an allow-list has string literals; write `allow_only("GET", "POST")`"#,
        ),
    ] {
        assert_eq!(declaration(input), [message], "{input}");
    }
}

#[test]
fn a_wrong_prefix_is_answered_by_the_right_one() {
    assert_each(
        of_declarations,
        &[
            (
                r#"prefix: "app";"#,
                r#"the prefix needs `=`; write `prefix = "app";`"#,
            ),
            (
                "prefix = app;",
                r#"the prefix is a string literal; write `prefix = "app";`"#,
            ),
            (
                r#"prefix = "app" /** A. */ static A: Gauge;"#,
                "the prefix ends in `;`; add it",
            ),
            (
                r#"prefex = "app";"#,
                "unknown setting `prefex`; did you mean `prefix`?",
            ),
            (
                "/** A. */",
                r#"the declaration is missing; write `static NAME: Counter = "...";`, or remove this"#,
            ),
        ],
    );
}

#[test]
fn a_wrong_argument_of_a_derive_is_answered_by_the_right_one() {
    assert_each(
        of_label,
        &[
            (
                r#"enum A { #[label("b")] B }"#,
                r#"an argument has a key; write `rename = "b"`"#,
            ),
            (
                r#"enum A { #[label = "b"] B }"#,
                r#"`label` needs arguments in parentheses, such as `#[label(rename = "...")]`; add them"#,
            ),
            (
                "enum A { #[label(rename = b)] B }",
                r#"`rename` takes a string literal; write `rename = "..."`"#,
            ),
            (
                r#"#[label(rename_all("kebab-case"))] enum A { B }"#,
                r#"`rename_all` needs a value; write `rename_all = "kebab-case"`"#,
            ),
        ],
    );
    assert_each(
        of_labels,
        &[
            (
                r#"struct A { #[label(renamed = "b")] b: u8 }"#,
                "unknown argument `renamed`; did you mean `rename`?",
            ),
            (
                "#[label(utf8 = true)] struct A { b: u8 }",
                "`utf8` takes no value; write `utf8` alone",
            ),
        ],
    );
}

/// All variants of the tokens in which one token is replaced, left out or doubled.
fn variants(tokens: &TokenStream) -> Vec<TokenStream> {
    let all: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut variants = Vec::new();
    let mut vary = |index: usize, replacement: TokenStream| {
        let (before, after) = (&all[..index], &all[index + 1..]);
        variants.push(quote!(#(#before)* #replacement #(#after)*));
    };
    for (index, token) in all.iter().enumerate() {
        vary(index, quote!());
        vary(index, quote!(#token #token));
        for other in [
            quote!("text"),
            quote!(5),
            quote!(word),
            quote!(=),
            quote!(,),
            quote!(:),
            quote!(&),
            quote!((a)),
            quote!([]),
        ] {
            vary(index, other);
        }
        if let TokenTree::Group(group) = token {
            for inner in self::variants(&group.stream()) {
                let group = Group::new(group.delimiter(), inner);
                vary(index, quote!(#group));
            }
        }
    }
    variants
}

/// Whether a message has the form of syn's own messages, which do not say what to write instead.
fn is_of_syn(message: &str) -> bool {
    let is_bare = message.contains("expected ") && !message.contains(';');
    is_bare
        || message.starts_with("unexpected end")
        || message == "cannot parse string into token stream"
}

fn assert_remedies(errors: impl Fn(&TokenStream) -> Vec<String>, input: &str) {
    let mut bare = Vec::new();
    for variant in variants(&tokens(input)) {
        let of_syn = errors(&variant).into_iter().filter(|text| is_of_syn(text));
        bare.extend(of_syn.map(|message| format!("{message}: {variant}")));
    }
    assert!(bare.is_empty(), "{}:\n{}", bare.len(), bare.join("\n"));
}

#[test]
fn no_wrong_token_in_an_attribute_is_answered_without_a_remedy() {
    for args in [
        r#"name = "app_seconds", help = "H", unit = "seconds", docs, exemplars, fallible = true"#,
        "labels(x, y: u8, z: u8 = 1, self.a), outcome = false, crate = m",
        r#"err(kind: E), sample = 1/16, slo(latency = "250ms", objective = 99.9), busy"#,
        r#"name = "app_seconds", buckets(native(growth = 1.1, max_buckets = 4), 0.1, 1.0)"#,
        "labels(%x, %self.a, z = %1)",
        "future = false, stream = false, skip",
        "labels(on_return(a = r), b), ok_if = f, name = \"app_seconds\", buckets(linear(0.1, 1.0, 5))",
    ] {
        assert_remedies(of_attribute, args);
    }
    let item = quote!(
        fn call() {}
    );
    for instrument in [&COUNTED, &IN_FLIGHT] {
        let errors = |args: &TokenStream| {
            messages(pipeline::instrument(
                instrument,
                args,
                &item,
                "m",
                Mode::Off,
            ))
        };
        assert_remedies(errors, "skip");
    }
}

#[test]
fn no_wrong_token_in_a_declaration_is_answered_without_a_remedy() {
    for input in [
        r#"prefix = "app"; #[doc = "A."] pub static A: Counter; #[doc = "B."] static B: Gauge;"#,
        r#"#[doc = "A."] #[unit("seconds")] static A: Gauge = "app_a_seconds";"#,
        r#"#[doc = "A."] static A: Gauge<(a: u8, #[allow_only("a", else = "b")] b: &str)> = "app_a";"#,
        r#"#[doc = "A."] #[max_series(5)] #[expire("1h")] static A: Gauge<Page> = "app_a";"#,
        r#"#[doc = "A."] static A: StateSet<State, (#[normalize(f)] a: u8)> = "app_a";"#,
        r#"#[doc = "A."] static A: Gauge<(#[label(display)] a: IpAddr)> = "app_a";"#,
        r#"#[doc = "A."] #[buckets(0.1, 1.0)] #[exemplars] static A: Histogram = "app_a";"#,
    ] {
        assert_remedies(of_declarations, input);
    }
}

#[test]
fn no_wrong_token_in_an_attribute_of_a_derive_is_answered_without_a_remedy() {
    for args in [
        r#"rename = "a""#,
        r#"rename_all = "kebab-case""#,
        "utf8, crate = m",
        "display, flatten, skip, other",
    ] {
        assert_remedies(
            |args| {
                of_label(&quote!(
                    #[label(#args)]
                    enum A {
                        B,
                    }
                ))
            },
            args,
        );
        assert_remedies(
            |args| {
                of_labels(&quote!(
                    struct A {
                        #[label(#args)]
                        b: u8,
                    }
                ))
            },
            args,
        );
    }
}

#[test]
fn no_wrong_token_before_measured_code_is_answered_without_a_remedy() {
    let errors = |input: &TokenStream| {
        let mut input = input.clone();
        input.extend(quote!(, { 1 }));
        messages(pipeline::measure(quote!(::m #input), Mode::On))
    };
    assert_remedies(errors, r#""parse", counted, timed(labels(x))"#);
}
