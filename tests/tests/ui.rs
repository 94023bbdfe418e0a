//! What the macros refuse, and what they say.

#[test]
fn every_fault_is_reported_where_it_stands() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*/*.rs");
}
