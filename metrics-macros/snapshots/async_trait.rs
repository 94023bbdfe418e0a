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
    return Box::pin(
        ::m::__private::call::TrackedFuture::<
            _,
            ::m::__private::call::Counted<_>,
            _,
        >::new(
            {
                const __SPEC: ::m::__private::call::FunctionSpec = ::m::__private::call::FunctionSpec::new(
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
                    ::m::__private::line_in(::core::file!(), ::core::line!(), "", 0u32),
                    ::core::module_path!(),
                    ::m::__private::call::OutcomeLabel::Present {
                        error: ::m::__private::call::Possible::No,
                        cancelled: ::m::__private::call::Possible::Yes,
                    },
                );
                const __CELLS: usize = __SPEC
                    .cell_count(::m::__private::call::FunctionFamily::COUNTED);
                static __SHARED: [::m::__private::AtomicU64; __CELLS] = [const {
                    ::m::__private::AtomicU64::new(0)
                }; __CELLS];
                static __FAMILY: ::m::__private::Family = {
                    ::m::__register! {
                        ::m::__private::Registration::Family(& __FAMILY)
                    }
                    __SPEC
                        .family(::m::__private::call::FunctionFamily::COUNTED, &__SHARED)
                };
                ::m::__private::call::CallSeries::unlabelled(&__FAMILY)
            },
            async move {
                {
                    let __self = self;
                    __self.index.get().await
                }
            },
            ::m::__private::call::never_fails,
        ),
    );
}
