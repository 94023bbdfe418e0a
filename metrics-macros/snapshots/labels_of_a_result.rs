fn store(plan: Plan, page: Page) -> Result<usize, Fault> {
    #[allow(unused_imports)]
    use ::m::__private::call::ValueProbeFallback as _;
    return ::m::__private::call::run_call::<
        ::m::__private::call::Counted<_>,
        _,
        _,
    >(
        {
            const _: () = ::m::__private::check_label("plan", ::m::Kind::Counter);
            const _: () = ::m::__private::check_label("large", ::m::Kind::Counter);
            const _: () = ::m::__private::check_label("fault", ::m::Kind::Counter);
            const __SPEC: ::m::__private::call::FunctionSpec = ::m::__private::call::FunctionSpec::new(
                    &[
                        (
                            ::m::__private::Cow::Borrowed("function"),
                            ::m::__private::Cow::Borrowed("store"),
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
                        cancelled: ::m::__private::call::Possible::No,
                    },
                )
                .labels(
                    {
                        const LABELS: &[::m::__private::Cow<'static, str>] = &::m::__private::borrowed_texts::<
                            3usize,
                        >(&["plan", "large", "fault"]);
                        LABELS
                    },
                    {
                        const SETS: &[::core::option::Option<&'static [&'static str]>] = &[
                            <Plan as ::m::Label>::VALUES,
                        ];
                        const _: () = ::m::__private::check_call_series(
                            ::m::__private::closed_series(SETS),
                            ::m::DEFAULT_MAX_SERIES,
                        );
                        SETS
                    },
                    {
                        const RESULTS: &[::m::__private::call::ResultLabel] = &[
                            ::m::__private::call::ResultLabel {
                                name: "large",
                                values: <bool as ::m::Label>::VALUES,
                                errors_only: false,
                            },
                            ::m::__private::call::ResultLabel {
                                name: "fault",
                                values: <Fault as ::m::Label>::VALUES,
                                errors_only: true,
                            },
                        ];
                        RESULTS
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
            type __Local = <::m::__private::Strategy<
                { __SPEC.strategy(::m::__private::call::FunctionFamily::COUNTED, false) },
            > as ::m::__private::StrategyStorage<
                {
                    __SPEC
                        .local_cells(
                            ::m::__private::call::FunctionFamily::COUNTED,
                            false,
                        )
                },
            >>::Local;
            ::m::__private::thread_local! {
                static __LOCAL : __Local = const { < __Local as ::m::__private::ConstInit
                > ::INIT };
            }
            ::m::__private::call::LocalCallSeries::with_result_labels(
                &__FAMILY,
                &__LOCAL,
                &(::m::__private::call::typed::<Plan>(&(plan)),),
            )
        },
        move || -> Result<usize, Fault> {
            #[allow(clippy::shadow_same, unused_variables)]
            let plan = plan;
            #[allow(clippy::shadow_same)]
            let page = page;
            { plan.take(page) }
        },
        |__result| ::m::__private::call::LabelledOutcome::new(
            ::m::__private::call::ValueProbe(__result).is_error(),
            &(
                ::m::__private::call::ResultValue(
                    ::core::option::Option::Some(
                        ::m::__private::call::map_result::<
                            _,
                            bool,
                        >(__result, |size| *size > 100),
                    ),
                ),
                ::m::__private::call::ResultValue::<
                    &Fault,
                >(::m::__private::call::error_of(__result)),
            ),
        ),
    );
}
