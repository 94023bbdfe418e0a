//! Tests attributes on generated `impl` blocks, traits and modules: expands them as the compiler
//! would, and checks how often each function is counted.
//!
//! The items combine visibilities, qualifiers, clauses, attributes, trailing commas, items between
//! functions, and fragments of a `macro_rules!`, which are groups without delimiters.

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Attribute, ImplItem, Item, Meta, TraitItem};

use crate::{
    model::{COUNTED, Mode},
    pipeline,
};

/// How many times a call of each function is counted, by the function's name.
type Counts = BTreeMap<String, usize>;

/// The names under which the generated items use the attribute `counted`: `counted` itself, and the
/// name `measured`, under which it is imported.
const NAMES: [&str; 2] = ["counted", "measured"];

/// Expands all function attributes in an item, in the order in which the compiler does.
fn expand(item: Item, counts: &mut Counts) {
    let mut item = item;
    if let Some(attrs) = attributes(&mut item)
        && let Some(args) = take_attribute(attrs)
    {
        let tokens = item.to_token_stream();
        let expanded = pipeline::instrument(&COUNTED, &args, &tokens, "m", Mode::On);
        let file: syn::File = match syn::parse2(expanded.clone()) {
            Ok(file) => file,
            Err(error) => panic!("{error} in {expanded}"),
        };
        let written = file.items.into_iter().filter(|item| !is_for_rustdoc(item));
        written.for_each(|item| expand(item, counts));
        return;
    }
    match item {
        Item::Fn(function) => {
            let body = function.block.to_token_stream().to_string();
            let count = body.matches("FunctionSpec :: new").count();
            *counts.entry(function.sig.ident.to_string()).or_default() += count;
        }
        Item::Impl(item) => {
            for member in item.items {
                if let ImplItem::Fn(function) = member {
                    expand_function(&function, counts);
                }
            }
        }
        Item::Trait(item) => {
            for member in item.items {
                if let TraitItem::Fn(function) = member
                    && function.default.is_some()
                {
                    expand_function(&function, counts);
                }
            }
        }
        Item::Mod(item) => {
            let items = item.content.into_iter().flat_map(|(_, items)| items);
            items.for_each(|item| expand(item, counts));
        }
        _ => {}
    }
}

/// Expands a method. syn parses a method as an item only if it lacks `default`.
fn expand_function(function: &impl ToTokens, counts: &mut Counts) {
    let tokens = function.to_token_stream().into_iter();
    let tokens = tokens.filter(|token| token.to_string() != "default");
    let tokens: TokenStream = tokens.collect();
    match syn::parse2(tokens.clone()) {
        Ok(item) => expand(item, counts),
        Err(error) => panic!("{error} in {tokens}"),
    }
}

fn attributes(item: &mut Item) -> Option<&mut Vec<Attribute>> {
    match item {
        Item::Fn(item) => Some(&mut item.attrs),
        Item::Impl(item) => Some(&mut item.attrs),
        Item::Trait(item) => Some(&mut item.attrs),
        Item::Mod(item) => Some(&mut item.attrs),
        _ => None,
    }
}

/// Removes the first function attribute, and returns its arguments.
fn take_attribute(attrs: &mut Vec<Attribute>) -> Option<TokenStream> {
    let is_ours = |attr: &Attribute| {
        let last = attr.path().segments.last().expect("a name");
        NAMES.iter().any(|name| last.ident == name)
    };
    let first = attrs.iter().position(is_ours)?;
    Some(match attrs.remove(first).meta {
        Meta::List(list) => list.tokens,
        _ => TokenStream::new(),
    })
}

/// Whether an item is the copy of an `async fn` that only rustdoc sees.
fn is_for_rustdoc(item: &Item) -> bool {
    item.to_token_stream()
        .to_string()
        .starts_with("# [cfg (doc)]")
}

/// Functions, and how many times each must be counted.
#[derive(Default)]
struct Generated {
    functions: Vec<TokenStream>,
    expected: Counts,
}

/// The fragments of a `macro_rules!` that the generated item contains.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fragments {
    None,
    /// `$vis:vis`
    Visibilities,
    /// `$body:block`
    Bodies,
    /// `$item:item`
    Items,
}

const FRAGMENTS: [Fragments; 4] = [
    Fragments::None,
    Fragments::Visibilities,
    Fragments::Bodies,
    Fragments::Items,
];

fn fragment(tokens: TokenStream) -> TokenStream {
    TokenTree::from(Group::new(Delimiter::None, tokens)).into()
}

fn fragment_if(is_fragment: bool, tokens: TokenStream) -> TokenStream {
    if is_fragment {
        fragment(tokens)
    } else {
        tokens
    }
}

fn tokens(text: &str) -> TokenStream {
    text.parse().expect("tokens")
}

/// Functions of an `impl` block: every combination of attribute, qualifiers and clause.
fn functions(fragments: Fragments) -> Generated {
    let mut generated = Generated::default();
    for attribute in [
        "",
        "#[inline] #[doc = \"{ text }\"]",
        "#[cfg(any(unix, windows))]",
        "#[counted(skip)]",
        "#[counted(skip,)]",
        "#[counted(outcome = false)]",
        "#[counted]",
        "#[measured]",
        "#[measured(skip)]",
        "#[instrument] #[measured(outcome = false)]",
        "#[instrument(skip(a))] #[renamed(of, another)] #[counted(skip)]",
        "#[other] #[counted(outcome = false)]",
    ] {
        for qualifiers in [
            "",
            "default",
            "async",
            "unsafe extern \"C\"",
            "const",
            "const unsafe",
        ] {
            for (generics, clause) in CLAUSES {
                let count = generated.functions.len();
                let vis = tokens(["", "pub", "pub(in self::super)"][count % 3]);
                let output = OUTPUTS[count % OUTPUTS.len()];
                generated.function(fragments, attribute, vis, qualifiers, &|name| {
                    format!("fn {name}{generics}(&self, a: [u8; {{ 1 }}],) {output} {clause}")
                });
            }
        }
    }
    generated
}

const OUTPUTS: [&str; 4] = [
    "",
    "-> Fixed<{ 1 + 1 }>",
    "-> Result<u8, <T as Of<{ X }>>::E>",
    "-> impl Of<{ 1 }, Out = u8>",
];

/// Generic parameters and `where` clauses.
const CLAUSES: [(&str, &str); 9] = [
    ("", ""),
    ("<K>", ""),
    ("<K,>", "where"),
    (
        "<'a, K: Of<Out = u8> + 'a, const N: usize>",
        "where K: Clone",
    ),
    ("<K: Of<{ N }>>", "where K: Into<String>,"),
    ("<K>", "where for<'a> &'a K: Of<{ N }, Out = [u8; { 1 }]>,"),
    ("<K>", "where [(); { 1 }]: Sized"),
    ("<K>", "where K: Fn(u8) -> Fixed<{ 2 }>,"),
    ("<K>", "where K: ?Sized, [K; N]: Of,"),
];

impl Generated {
    fn function(
        &mut self,
        fragments: Fragments,
        attribute: &str,
        vis: TokenStream,
        qualifiers: &str,
        sig: &dyn Fn(&str) -> String,
    ) {
        let name = format!("f{}", self.functions.len());
        let attribute = tokens(attribute);
        let vis = fragment_if(fragments == Fragments::Visibilities, vis);
        let qualified = tokens(qualifiers);
        let sig = tokens(&sig(&name));
        let body = fragment_if(
            fragments == Fragments::Bodies,
            quote!({
                {
                    1
                };
            }),
        );
        let function = quote!(#attribute #vis #qualified #sig #body);
        let function = fragment_if(fragments == Fragments::Items, function);
        let is_counted = !attribute.to_string().contains("skip") && !qualifiers.contains("const");
        self.functions.push(function);
        self.expected.insert(name, usize::from(is_counted));
    }
}

/// Items between functions of an `impl` block or a trait. None is a function.
const OTHERS: [&str; 7] = [
    "const A: Fixed<{ 1 }> = { const fn inner() -> u8 { 1 } Fixed(inner()) };",
    "type Out<'a> = Of<{ N }> where Self: 'a,;",
    "pub const B: u8 = if X { 1 } else { 2 };",
    "const C: fn() -> u8 = || { 3 };",
    "type Plain = [u8; { 1 }];",
    "const _: () = { };",
    "#[allow(dead_code)] const D: &str = stringify!({ fn no() {} };);",
];

/// Items between items of a module. None is a function of the module.
const ITEMS: [&str; 20] = [
    "use a::{b, c as d};",
    "extern crate alloc;",
    "struct S0<T>(T) where T: Clone,;",
    "struct S1<T> where T: Clone, { field: [u8; { 1 }], }",
    "pub(crate) struct S2;",
    "enum E0<T> where T: Of<{ N }>, { A { b: u8 }, B(T) }",
    "enum E1 { A = { 1 }, }",
    "union U0<T> where T: Copy, { field: T }",
    "static S3: fn() -> u8 = || { 3 };",
    "static mut S4: Fixed<{ 1 }> = Fixed { a: 1 };",
    "const _: () = { fn inner() {} };",
    "pub type Alias<T> where T: Clone = Fixed<{ 1 }>;",
    "trait Alias2 = Clone where Self: Sized;",
    "extern \"C\" { fn foreign(); }",
    "unsafe extern { safe fn foreign(); }",
    "macro_rules! m0 { () => { fn no() {} }; }",
    "macro_rules! m1 (() => { fn no() {} });",
    "std::thread_local! { static T0: u8 = const { 1 }; }",
    "::a::b!(fn no() {});",
    "a::b![fn no() {}];",
];

/// The functions, each after one of `others`.
fn interleaved(functions: &[TokenStream], others: &[&str], fragments: Fragments) -> TokenStream {
    let is_fragment = fragments == Fragments::Items;
    let pairs = functions.iter().enumerate().map(|(n, function)| {
        let other = fragment_if(is_fragment, tokens(others[n % others.len()]));
        quote!(#other #function)
    });
    pairs.collect()
}

/// Asserts that an attribute on the item counts the expected functions.
#[track_caller]
fn assert_counts(item: &TokenStream, expected: &Counts) {
    let parsed = match syn::parse2(quote!(#[counted] #item)) {
        Ok(parsed) => parsed,
        Err(error) => panic!("{error} in {item}"),
    };
    let mut counts = Counts::new();
    expand(parsed, &mut counts);
    for (name, count) in expected {
        assert_eq!(counts.get(name), Some(count), "{name} in {item}");
    }
    assert_eq!(counts.len(), expected.len(), "in {item}");
}

/// Headers of containers, without `where` clauses.
const HEADERS: [&str; 8] = [
    "impl<T> Store<T>",
    "unsafe impl<'a, T: Clone, const N: usize> a::Of<{ 1 }> for Store<'a, [T; { N }]>",
    "impl <Store as Of<{ 1 }>>::Out",
    "impl<T,> From<Fixed<{ 1 }>> for &mut dyn Of<Out = T>",
    "pub(crate) trait Find",
    "unsafe trait Find<T: Of<{ 1 }> = u8>: Sized + Of<{ 2 }, Out = T>",
    "trait Find<'a, const N: usize = { 1 }>:",
    "pub mod inner",
];

#[test]
fn every_combination_of_the_parts_of_a_function_is_counted_once() {
    for fragments in FRAGMENTS {
        let generated = functions(fragments);
        let body = interleaved(&generated.functions, &OTHERS, fragments);
        assert_counts(&quote!(impl Store { #body }), &generated.expected);
    }
}

#[test]
fn functions_of_every_container_are_counted_once() {
    for fragments in FRAGMENTS {
        for header in HEADERS {
            let is_module = header.contains("mod");
            let clauses = CLAUSES.map(|(_, clause)| clause);
            for clause in clauses
                .iter()
                .filter(|clause| !is_module || clause.is_empty())
            {
                let mut generated = Generated::default();
                for (generics, clause) in CLAUSES {
                    generated.function(fragments, "", quote!(), "", &|name| {
                        format!("fn {name}{generics}() {clause}")
                    });
                }
                let others = if is_module { &ITEMS[..] } else { &OTHERS[..] };
                let body = interleaved(&generated.functions, others, fragments);
                let (header, clause) = (tokens(header), tokens(clause));
                let inner = quote!(#![allow(dead_code)]);
                assert_counts(
                    &quote!(#header #clause { #inner #body }),
                    &generated.expected,
                );
            }
        }
    }
}

#[test]
fn functions_between_items_of_a_module_are_counted_once() {
    for fragments in FRAGMENTS {
        for item in ITEMS {
            let mut generated = Generated::default();
            generated.function(fragments, "", quote!(), "", &|name| format!("fn {name}()"));
            generated.function(fragments, "", quote!(), "", &|name| format!("fn {name}()"));
            let body = interleaved(&generated.functions, &[item], fragments);
            let nested = quote!(impl Store { fn f2(&self) {} } #body mod b { #body });
            let mut expected = generated.expected;
            for count in expected.values_mut() {
                *count = 2;
            }
            expected.insert("f2".to_owned(), 1);
            assert_counts(&quote!(mod a { #nested }), &expected);
        }
    }
}
