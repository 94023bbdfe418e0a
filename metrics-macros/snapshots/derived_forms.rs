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
    const _: () = ::m::__private::check_derived_label("address", ::m::Kind::Unknown);
    const _: () = ::m::__private::check_derived_label("proxy", ::m::Kind::Unknown);
    #[automatically_derived]
    impl<'a, T> ::m::__private::LabelFields for Request<'a, T>
    where
        Peer<'a, T>: ::m::Labels,
        T: ::core::fmt::Display,
    {
        const VALUE_SETS: &'static [&'static [::core::option::Option<
            &'static [&'static str],
        >]] = &[
            <Peer<'a, T> as ::m::LabelSet>::VALUE_SETS,
            &[::core::option::Option::None],
            &[::core::option::Option::None],
        ];
        const NAMES: &'static [&'static [&'static str]] = &[
            <Peer<'a, T> as ::m::Labels>::NAMES,
            &["address"],
            &["proxy"],
        ];
    }
    #[automatically_derived]
    impl<'a, T> ::m::LabelSet for Request<'a, T>
    where
        Peer<'a, T>: ::m::Labels,
        T: ::core::fmt::Display,
    {
        const VALUE_SETS: &'static [::core::option::Option<&'static [&'static str]>] = ::m::__private::Flattened::<
            Self,
        >::VALUE_SETS;
        #[inline(always)]
        fn visit(&self, __visitor: &mut impl ::m::LabelVisitor) {
            ::m::LabelSet::visit(&self.peer, __visitor);
            ::m::LabelVisitor::label(
                __visitor,
                &::m::__private::displayed(&(self.address)),
            );
            ::m::LabelVisitor::label(
                __visitor,
                &::m::__private::displayed_option(&(self.proxy)),
            );
        }
    }
    #[automatically_derived]
    impl<'a, T> ::m::Labels for Request<'a, T>
    where
        Peer<'a, T>: ::m::Labels,
        T: ::core::fmt::Display,
    {
        const NAMES: &'static [&'static str] = ::m::__private::Flattened::<Self>::NAMES;
    }
};
