fn answer(&self) -> impl Future<Output = Result<u32, Fault>> + Send {
    #[allow(unused_imports)]
    use ::m::__private::call::NeverError as _;
    ::m::__private::call::Tracked::<
        _,
        ::m::__private::call::Counted,
        _,
    >::new(
        {
            static __SITE: ::m::__private::Family = {
                ::m::__register! {
                    ::m::__private::Registration::Family(& __SITE)
                }
                ::m::__private::call::Site::new(
                        &[
                            (
                                ::m::__private::Cow::Borrowed("function"),
                                ::m::__private::Cow::Borrowed("answer"),
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
                            is_async: true,
                        },
                    )
                    .measured(::m::__private::call::Measured::COUNTED)
            };
            ::m::__private::call::Called::plain(&__SITE)
        },
        ::m::__private::call::made(move || {
            let _ = &self;
            { ready(Ok(self.number)) }
        }),
        |__result| ::m::__private::call::Look(__result).is_error(),
    )
}
