#[allow(
    non_camel_case_types,
    non_snake_case,
    dead_code,
    unused_qualifications,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::restriction
)]
const _: () = {
    const _: () = ::m::__private::check_derived_label("cache", ::m::Kind::Unknown);
    const _: () = ::m::__private::check_derived_label("name", ::m::Kind::Unknown);
    const _: () = ::m::__private::check_derived_label("type", ::m::Kind::Unknown);
    #[automatically_derived]
    impl<'a, T> ::m::LabelSet for Page<'a, T>
    where
        T: ::m::Label,
    {
        const VALUE_SETS: &'static [::core::option::Option<&'static [&'static str]>] = &[
            <T as ::m::Label>::VALUES,
            <&'a str as ::m::Label>::VALUES,
            <Cache as ::m::Label>::VALUES,
        ];
        #[inline(always)]
        fn visit(&self, __visitor: &mut impl ::m::LabelVisitor) {
            ::m::LabelVisitor::label(__visitor, &self.cache);
            ::m::LabelVisitor::label(__visitor, &self.host);
            ::m::LabelVisitor::label(__visitor, &self.r#type);
        }
    }
    #[automatically_derived]
    impl<'a, T> ::m::Labels for Page<'a, T>
    where
        T: ::m::Label,
    {
        const NAMES: &'static [&'static str] = &["cache", "name", "type"];
    }
};
