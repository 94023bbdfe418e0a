fn parse(text: &str) -> usize {
    let __call = ::m::__private::call::PanicGuard::<
        ::m::__private::call::Timed<
            _,
            { ::m::__private::call::EXEMPLARS | ::m::__private::call::NATIVE },
        >,
    >::new({
        const _: () = ::m::__private::check_metric(
            "parse_seconds",
            ::m::Kind::Histogram,
        );
        const _: () = ::m::__private::check_unit(
            "parse_seconds",
            "seconds",
            ::m::Kind::Histogram,
        );
        const __BOUNDS: [f64; 1usize] = [0.1];
        const __UPPER: [f64; __BOUNDS.len() + 1] = ::m::__private::nanos_with_infinity::<
            { __BOUNDS.len() },
            { __BOUNDS.len() + 1 },
        >(&__BOUNDS);
        static __BUCKETS: ::m::__private::Buckets = ::m::__private::Buckets::new(
            &__UPPER,
        );
        const _: () = ::m::__private::check_bucket(&__BOUNDS, 0usize);
        const _: () = ::m::__private::check_growth(1.5);
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
                ::m::__private::call::OutcomeLabel::Present {
                    error: ::m::__private::call::Possible::No,
                    cancelled: ::m::__private::call::Possible::No,
                },
            )
            .buckets(&__BOUNDS, &__BUCKETS)
            .native(::m::__private::NativeConfig::DEFAULT.growth(1.5));
        const __CELLS: usize = __SPEC
            .cell_count(::m::__private::call::FunctionFamily::TIMED);
        static __SHARED: [::m::__private::AtomicU64; __CELLS] = [const {
            ::m::__private::AtomicU64::new(0)
        }; __CELLS];
        static __FAMILY: ::m::__private::Family = {
            ::m::__register! {
                ::m::__private::Registration::Family(& __FAMILY)
            }
            __SPEC
                .in_family(
                    "parse_seconds",
                    "Duration of function calls, by outcome.",
                    "seconds",
                )
                .exemplars()
                .family(::m::__private::call::FunctionFamily::TIMED, &__SHARED)
        };
        type __Local = <::m::__private::Strategy<
            { __SPEC.strategy(::m::__private::call::FunctionFamily::TIMED, false) },
        > as ::m::__private::StrategyStorage<
            { __SPEC.local_cells(::m::__private::call::FunctionFamily::TIMED, false) },
        >>::Local;
        ::m::__private::thread_local! {
            static __LOCAL : __Local = const { < __Local as ::m::__private::ConstInit >
            ::INIT };
        }
        ::m::__private::call::LocalCallSeries::unlabelled(&__FAMILY, &__LOCAL)
    });
    let __result: usize = { text.len() };
    #[allow(unreachable_code)] __call.returned();
    __result
}
