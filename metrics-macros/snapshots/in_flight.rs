fn parse(text: &str) -> Result<u32, ParseError> {
    let __call = ::m::__private::call::PanicGuard::<
        ::m::__private::call::InFlightCall<_>,
    >::new({
        const __SPEC: ::m::__private::call::FunctionSpec = ::m::__private::call::FunctionSpec::new(
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
            ::m::__private::line_in(::core::file!(), ::core::line!(), "", 0u32),
            ::core::module_path!(),
            ::m::__private::call::OutcomeLabel::Omitted,
        );
        const __CELLS: usize = __SPEC
            .cell_count(::m::__private::call::FunctionFamily::IN_FLIGHT);
        static __SHARED: [::m::__private::AtomicU64; __CELLS] = [const {
            ::m::__private::AtomicU64::new(0)
        }; __CELLS];
        static __FAMILY: ::m::__private::Family = {
            ::m::__register! {
                ::m::__private::Registration::Family(& __FAMILY)
            }
            __SPEC.family(::m::__private::call::FunctionFamily::IN_FLIGHT, &__SHARED)
        };
        type __Local = <::m::__private::Strategy<
            { __SPEC.strategy(::m::__private::call::FunctionFamily::IN_FLIGHT, false) },
        > as ::m::__private::StrategyStorage<
            {
                __SPEC
                    .local_cells(::m::__private::call::FunctionFamily::IN_FLIGHT, false)
            },
        >>::Local;
        ::m::__private::thread_local! {
            static __LOCAL : __Local = const { < __Local as ::m::__private::ConstInit >
            ::INIT };
        }
        ::m::__private::call::LocalCallSeries::unlabelled(&__FAMILY, &__LOCAL)
    });
    let __result: Result<u32, ParseError> = { text.parse() };
    #[allow(unreachable_code)] __call.returned();
    __result
}
