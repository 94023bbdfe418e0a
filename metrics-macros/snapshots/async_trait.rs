fn find<'life0, 'async_trait>(
    &'life0 self,
) -> ::core::pin::Pin<
    Box<
        dyn ::core::future::Future<
            Output = Option<u32>,
        > + ::core::marker::Send + 'async_trait,
    >,
>
where
    'life0: 'async_trait,
    Self: 'async_trait,
{
    Box::pin(
        ::m::__private::call::Tracked::<
            _,
            ::m::__private::call::Counted<_>,
            _,
        >::new(
            {
                const __DESCRIBED: ::m::__private::call::Site = ::m::__private::call::Site::new(
                    &[
                        (
                            ::m::__private::Cow::Borrowed("function"),
                            ::m::__private::Cow::Borrowed("find"),
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
                        is_async: true,
                    },
                );
                const __WORDS: usize = __DESCRIBED
                    .words(::m::__private::call::Measured::COUNTED);
                static __SHARED: [::m::__private::AtomicU64; __WORDS] = [const {
                    ::m::__private::AtomicU64::new(0)
                }; __WORDS];
                static __SITE: ::m::__private::Family = {
                    ::m::__register! {
                        ::m::__private::Registration::Family(& __SITE)
                    }
                    __DESCRIBED
                        .measured(::m::__private::call::Measured::COUNTED, &__SHARED)
                };
                ::m::__private::call::Called::plain(&__SITE)
            },
            async move {
                {
                    let __self = self;
                    __self.index.get().await
                }
            },
            ::m::__private::call::never,
        ),
    )
}
