fn parse(text: &str) -> Result<u32, ParseError> {
    #[allow(unused_imports)]
    use ::m::__private::call::NeverError as _;
    ::m::__private::call::run::<
        ::m::__private::call::Counted,
        _,
        _,
    >(
        {
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
                        ::m::__private::call::Outcomes::Labelled {
                            fallible: true,
                            is_async: false,
                        },
                    )
                    .measured(::m::__private::call::Measured::COUNTED)
            };
            ::m::__private::call::Called::plain(&__SITE)
        },
        move || -> Result<u32, ParseError> {
            #[allow(clippy::shadow_same)]
            let text = text;
            { text.parse() }
        },
        |__result| ::m::__private::call::Look(__result).is_error(),
    )
}
