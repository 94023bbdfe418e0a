#[allow(clippy::manual_async_fn)]
fn fetch(path: &str) -> impl ::core::future::Future<Output = Result<Page, FetchError>> {
    #[allow(unused_imports)]
    use ::m::__private::call::ValueProbeFallback as _;
    #[allow(unused_imports)]
    use ::m::__private::call::ValueProbeFallback as _;
    return ::m::__private::call::TrackedFuture::<
        _,
        ::m::__private::call::InFlightCall<_>,
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
            ::m::__private::call::CallSeries::unlabelled(&__FAMILY)
        },
        ::m::__private::call::TrackedFuture::<
            _,
            ::m::__private::call::Counted<_>,
            _,
        >::labelled(
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
                        ::m::__private::line_in(
                            ::core::file!(),
                            ::core::line!(),
                            "",
                            0u32,
                        ),
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
                        __SPEC
                            .family(
                                ::m::__private::call::FunctionFamily::TIMED,
                                &__SHARED,
                            )
                    };
                    ::m::__private::call::CallSeries::unlabelled(&__FAMILY)
                },
                async move {
                    let __series = {
                        const _: () = ::m::__private::check_label(
                            "path",
                            ::m::Kind::Counter,
                        );
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
                                ::m::__private::line_in(
                                    ::core::file!(),
                                    ::core::line!(),
                                    "",
                                    0u32,
                                ),
                                ::core::module_path!(),
                                ::m::__private::call::OutcomeLabel::Present {
                                    error: ::m::__private::call::Possible::Yes,
                                    cancelled: ::m::__private::call::Possible::Yes,
                                },
                            )
                            .labels(
                                {
                                    const LABELS: &[::m::__private::Cow<'static, str>] = &::m::__private::borrowed_texts::<
                                        1usize,
                                    >(&["path"]);
                                    LABELS
                                },
                                {
                                    const SETS: &[::core::option::Option<
                                        &'static [&'static str],
                                    >] = &[<&str as ::m::Label>::VALUES];
                                    const _: () = ::m::__private::check_call_series(
                                        ::m::__private::closed_series(SETS),
                                        ::m::DEFAULT_MAX_SERIES,
                                    );
                                    SETS
                                },
                                {
                                    const RESULTS: &[::m::__private::call::ResultLabel] = &[];
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
                            __SPEC
                                .family(
                                    ::m::__private::call::FunctionFamily::COUNTED,
                                    &__SHARED,
                                )
                        };
                        type __Local = <::m::__private::Strategy<
                            {
                                __SPEC
                                    .strategy(
                                        ::m::__private::call::FunctionFamily::COUNTED,
                                        true,
                                    )
                            },
                        > as ::m::__private::StrategyStorage<
                            {
                                __SPEC
                                    .local_cells(
                                        ::m::__private::call::FunctionFamily::COUNTED,
                                        true,
                                    )
                            },
                        >>::Local;
                        ::m::__private::thread_local! {
                            static __LOCAL : __Local = const { < __Local as
                            ::m::__private::ConstInit > ::INIT };
                        }
                        ::m::__private::call::CallTarget::series(
                            ::m::__private::call::LocalCallSeries::with(
                                &__FAMILY,
                                &__LOCAL,
                                &(::m::__private::call::typed::<&str>(&(path)),),
                            ),
                        )
                    };
                    ::m::__private::call::CallStart::new(__series).await;
                    #[allow(clippy::shadow_same, unused_variables)]
                    let path = path;
                    #[allow(
                        unreachable_code,
                        clippy::diverging_sub_expression,
                        clippy::let_unit_value,
                        clippy::empty_loop,
                        clippy::needless_return,
                        clippy::type_complexity
                    )]
                    if false {
                        let __result: Result<Page, FetchError> = loop {};
                        return __result;
                    }
                    { get(path).await }
                },
                |__result| ::m::__private::call::ValueProbe(__result).is_error(),
            ),
            |__result| ::m::__private::call::ValueProbe(__result).is_error(),
        ),
        ::m::__private::call::never_fails,
    );
}
