//! Tests the compile errors of the macros, and their messages.

#[test]
fn every_mistake_is_a_compile_error_at_its_token() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*/*.rs");
}
