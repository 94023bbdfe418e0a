fn function() {
    let value = {
        #[allow(unused_imports)]
        use ::m::__private::call::ValueProbeFallback as _;
        #[allow(unused_imports)]
        use ::m::__private::call::Inferred as _;
        ::m::__private::call::TrackedFuture::<
            _,
            ::m::__private::call::Timed<_>,
            _,
        >::new(
            {
                const __SPEC: ::m::__private::call::FunctionSpec = ::m::__private::call::FunctionSpec::new(
                    &[
                        (
                            ::m::__private::Cow::Borrowed("function"),
                            ::m::__private::Cow::Borrowed("fetch"),
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
                        error: ::m::__private::call::Possible::Yes,
                        cancelled: ::m::__private::call::Possible::Yes,
                    },
                );
                const __CELLS: usize = __SPEC
                    .cell_count(::m::__private::call::FunctionFamily::TIMED);
                static __SHARED: [::m::__private::AtomicU64; __CELLS] = [const {
                    ::m::__private::AtomicU64::new(0)
                }; __CELLS];
                static __FAMILY: ::m::__private::Family = {
                    ::m::__register! {
                        ::m::__private::Registration::Family(& __FAMILY)
                    }
                    __SPEC.family(::m::__private::call::FunctionFamily::TIMED, &__SHARED)
                };
                ::m::__private::call::CallSeries::unlabelled(&__FAMILY)
            },
            async move { { get(url).await } },
            |__result| ::m::__private::call::ValueProbe(__result.__inferred()).is_error(),
        )
    };
}
