fn parse(text: &str) -> Result<u32, ParseError> {
    let __call = ::m::__private::call::Guard::<
        ::m::__private::call::InFlight,
    >::new({
        static __SITE: ::m::__private::Family = {
            ::m::__register! {
                ::m::__private::Registration::Family(& __SITE)
            }
            ::m::__private::call::Site::new(
                    &[
                        (
                            ::m::__private::Cow::Borrowed("function"),
                            ::m::__private::Cow::Borrowed("parse"),
                        ),
                        (
                            ::m::__private::Cow::Borrowed("module"),
                            ::m::__private::Cow::Borrowed(::core::module_path!()),
                        ),
                    ],
                    ::core::file!(),
                    0u32,
                    ::core::module_path!(),
                    ::m::__private::call::Outcomes::Unlabelled,
                )
                .measured(::m::__private::call::Measured::IN_FLIGHT)
        };
        ::m::__private::call::Called::plain(&__SITE)
    });
    { text.parse() }
}
