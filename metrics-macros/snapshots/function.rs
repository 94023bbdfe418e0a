pub fn size(text: &str) -> usize {
    let __call = ::m::__private::call::Guard::<
        ::m::__private::call::Counted,
    >::new({
        static __SITE: ::m::__private::Family = {
            ::m::__register! {
                ::m::__private::Registration::Family(& __SITE)
            }
            ::m::__private::call::Site::new(
                    &[
                        (
                            ::m::__private::Cow::Borrowed("function"),
                            ::m::__private::Cow::Borrowed("size"),
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
                        fallible: false,
                        is_async: false,
                    },
                )
                .measured(::m::__private::call::Measured::COUNTED)
        };
        ::m::__private::call::Called::plain(&__SITE)
    });
    { text.len() }
}
