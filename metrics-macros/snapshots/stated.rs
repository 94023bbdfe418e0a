fn numbers(&self) -> Numbers<'_> {
    #[allow(unused_imports)]
    use ::m::__private::call::ValueProbeFallback as _;
    return {
        let __series = {
            const __SPEC: ::m::__private::call::FunctionSpec = ::m::__private::call::FunctionSpec::new(
                &[
                    (
                        ::m::__private::Cow::Borrowed("function"),
                        ::m::__private::Cow::Borrowed("numbers"),
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
                    error: ::m::__private::call::Possible::known({
                        #[allow(unused_imports)]
                        use ::m::__private::call::TypeProbeFallback as _;
                        ::m::__private::call::TypeProbe::<Numbers<'static>>::FALLIBLE
                    }),
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
        };
        let __body = ::m::__private::call::body(move || -> Numbers<'_> {
            let _ = &self;
            { Box::pin(iter(&self.numbers)) }
        });
        ::m::__private::call::follow::<
            ::m::__private::call::BoxedStreamForm,
            ::m::__private::call::Timed<_>,
            _,
            _,
            _,
            _,
        >(
            __series,
            __body,
            |__result| ::m::__private::call::ValueProbe(__result).is_error(),
        )
    };
}
