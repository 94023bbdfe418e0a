fn store(plan: Plan, page: Page) -> Result<usize, Fault> {
    #[allow(unused_imports)]
    use ::m::__private::call::NeverError as _;
    ::m::__private::call::run::<
        ::m::__private::call::Counted<_>,
        _,
        _,
    >(
        {
            const _: () = ::m::__private::check_label("plan", ::m::Kind::Counter);
            const _: () = ::m::__private::check_label("large", ::m::Kind::Counter);
            const _: () = ::m::__private::check_label("fault", ::m::Kind::Counter);
            const __DESCRIBED: ::m::__private::call::Site = ::m::__private::call::Site::new(
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
                    0u32,
                    ::core::module_path!(),
                    ::m::__private::call::Outcomes::Labelled {
                        fallible: true,
                        is_async: false,
                    },
                )
                .labels(
                    {
                        const LABELS: &[::m::__private::Cow<'static, str>] = &::m::__private::texts::<
                            3usize,
                        >(&["plan", "large", "fault"]);
                        LABELS
                    },
                    {
                        const SETS: &[::core::option::Option<&'static [&'static str]>] = &[
                            <Plan as ::m::Label>::VALUES,
                        ];
                        const _: () = ::m::__private::check_series(
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
                                of_error: false,
                            },
                            ::m::__private::call::ResultLabel {
                                name: "fault",
                                values: <Fault as ::m::Label>::VALUES,
                                of_error: true,
                            },
                        ];
                        RESULTS
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
                __DESCRIBED.measured(::m::__private::call::Measured::COUNTED, &__SHARED)
            };
            type __Local = <::m::__private::Keeps<
                { ::m::__private::kept(__WORDS, true, ::m::__private::STATIC_WORDS) },
            > as ::m::__private::Choice<__WORDS>>::Local;
            ::m::__private::thread_local! {
                static __LOCAL : __Local = const { < __Local as ::m::__private::Fresh >
                ::FRESH };
            }
            ::m::__private::call::Near::new(
                ::m::__private::call::Called::unfinished(
                    &__SITE,
                    &(::m::__private::call::typed::<Plan>(&(plan)),),
                ),
                &__LOCAL,
            )
        },
        move || -> Result<usize, Fault> {
            #[allow(clippy::shadow_same, unused_variables)]
            let plan = plan;
            #[allow(clippy::shadow_same)]
            let page = page;
            { plan.take(page) }
        },
        |__result| ::m::__private::call::Ended::new(
            ::m::__private::call::Look(__result).is_error(),
            &(
                ::m::__private::call::Known(
                    ::core::option::Option::Some(
                        ::m::__private::call::look::<
                            _,
                            bool,
                        >(__result, |size| *size > 100),
                    ),
                ),
                ::m::__private::call::Known::<
                    &Fault,
                >(::m::__private::call::error_of(__result)),
            ),
        ),
    )
}
