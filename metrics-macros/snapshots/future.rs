fn answer(&self) -> impl Future<Output = Result<u32, Fault>> + Send {
    #[allow(unused_imports)]
    use ::m::__private::call::ValueProbeFallback as _;
    return ::m::__private::call::TrackedFuture::<
        _,
        ::m::__private::call::Counted<_>,
        _,
    >::new(
        {
            const __SPEC: ::m::__private::call::FunctionSpec = ::m::__private::call::FunctionSpec::new(
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
                ::m::__private::line_in(::core::file!(), ::core::line!(), "", 0u32),
                ::core::module_path!(),
                ::m::__private::call::OutcomeLabel::Present {
                    error: ::m::__private::call::Possible::Yes,
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
                __SPEC.family(::m::__private::call::FunctionFamily::COUNTED, &__SHARED)
            };
            ::m::__private::call::CallSeries::unlabelled(&__FAMILY)
        },
        ::m::__private::call::make_future(move || -> _ {
            let _ = &self;
            { ready(Ok(self.number)) }
        }),
        |__result| ::m::__private::call::ValueProbe(__result).is_error(),
    );
}
