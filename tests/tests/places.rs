//! Tests the source locations of instrumented functions and declared metrics: in the catalogue, in
//! its lints and in the errors of `Registry::check`.

use metrics_core::{Registry, catalog, counted, metrics};

/// The source locations of a family's metrics, each with its label `function` if it has one.
fn places(family: &str) -> Vec<(String, String, u32)> {
    let catalog = catalog();
    let family = catalog.families.iter().find(|found| found.name == family);
    let members = &family.expect("the family").members;
    let place = |member: &metrics_core::CatalogMember| {
        let function = member.labels.iter().find(|(name, _)| name == "function");
        let function = function.map(|(_, value)| value.clone());
        (
            function.unwrap_or_default(),
            member.file.clone(),
            member.line,
        )
    };
    members.iter().map(place).collect()
}

fn place_of(function: &str) -> (String, u32) {
    let all = places("function_calls_total");
    let found = all.into_iter().find(|(name, _, _)| name == function);
    let (_, file, line) = found.expect("the function");
    (file, line)
}

const INVOKED: u32 = line!() + 1;
tests::instrumented_elsewhere! {}

#[test]
fn a_function_written_by_a_macro_of_another_crate_is_where_the_macro_is_called() {
    written_elsewhere();
    let here = (file!().to_owned(), INVOKED);
    assert_eq!(place_of("written_elsewhere"), here);
}

#[test]
fn a_metric_written_by_a_macro_of_another_crate_is_where_the_macro_is_called() {
    ELSEWHERE.inc();
    let here = (String::new(), file!().to_owned(), INVOKED);
    assert_eq!(places("places_elsewhere_total"), [here]);
}

macro_rules! instrumented_here {
    () => {
        #[counted]
        fn written_here() {}
    };
}

const CALLED: u32 = line!() + 1;
instrumented_here! {}

#[test]
fn a_function_written_by_a_macro_of_the_same_file_is_where_the_macro_is_called() {
    written_here();
    assert_eq!(place_of("written_here"), (file!().to_owned(), CALLED));
}

struct Block;

const BLOCK: u32 = line!();
#[counted]
impl Block {
    fn first() {}

    fn second() {}
}

metrics! {
    /// One.
    static ONE: Counter = "places_one_total";
    /// Two.
    static TWO: Counter = "places_two_total";
}

#[test]
fn each_function_of_a_block_and_each_metric_has_its_own_line() {
    Block::first();
    Block::second();
    ONE.inc();
    TWO.inc();
    let file = || file!().to_owned();
    assert_eq!(place_of("Block::first"), (file(), BLOCK + 3));
    assert_eq!(place_of("Block::second"), (file(), BLOCK + 5));
    let one = (String::new(), file(), BLOCK + 10);
    assert_eq!(places("places_one_total"), [one]);
    let two = (String::new(), file(), BLOCK + 12);
    assert_eq!(places("places_two_total"), [two]);
}

struct A;
struct B;

const NEW: u32 = line!();
impl A {
    #[counted]
    fn new() -> Self {
        A
    }
}

impl B {
    #[counted]
    fn new() -> Self {
        B
    }

    #[counted(labels(a))]
    fn first(a: u8) -> u8 {
        a
    }
}

impl A {
    #[counted]
    fn first() {}
}

#[test]
fn check_names_functions_that_share_their_series() {
    let _ = (A::new(), B::new(), B::first(1));
    A::first();
    let error = Registry::global().check().unwrap_err().to_string();
    let (file, first, second) = (file!(), NEW + 3, NEW + 10);
    let expected = format!(
        "`function_calls_total`: the functions `new` of the module `places` at {file}:{first} and \
         {file}:{second} share their series; put the attribute on their `impl` blocks"
    );
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(error.starts_with(&expected), "{error}");
}

#[test]
fn the_catalogue_warns_about_functions_that_share_their_series() {
    let _ = (A::new(), B::new());
    let warnings = catalog().lint();
    let shared = warnings
        .iter()
        .find(|warning| warning.text.contains("shares its series"));
    let shared = shared.expect("a warning");
    assert_eq!((shared.file.as_str(), shared.line), (file!(), NEW + 10));
    let first = format!("at {}:{}; put", file!(), NEW + 3);
    assert!(shared.text.contains(&first), "{}", shared.text);
}
