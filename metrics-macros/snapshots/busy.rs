#[allow(clippy::manual_async_fn)]
fn render(page: Page) -> impl ::core::future::Future<Output = String> {
    return ::m::__private::call::TrackedFuture::<
        _,
        ::m::__private::call::Busy,
        _,
    >::new(
        {
            const _: () = ::m::__private::check_metric(
                "render_seconds",
                ::m::Kind::Histogram,
            );
            const _: () = ::m::__private::check_unit(
                "render_seconds",
                "seconds",
                ::m::Kind::Histogram,
            );
            const __BOUNDS: [f64; { 10 }] = ::m::exponential_buckets::<
                { 10 },
            >(0.001, 2.0);
            const __UPPER: [f64; __BOUNDS.len() + 1] = ::m::__private::nanos_with_infinity::<
                { __BOUNDS.len() },
                { __BOUNDS.len() + 1 },
            >(&__BOUNDS);
            static __BUCKETS: ::m::__private::Buckets = ::m::__private::Buckets::new(
                &__UPPER,
            );
            const _: () = ::m::__private::check_buckets(&__BOUNDS);
            const _: () = ::m::__private::check_latency(&__BOUNDS, 0.064f64);
            const __SPEC: ::m::__private::call::FunctionSpec = ::m::__private::call::FunctionSpec::new(
                    &[
                        (
                            ::m::__private::Cow::Borrowed("function"),
                            ::m::__private::Cow::Borrowed("render"),
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
                )
                .buckets(&__BOUNDS, &__BUCKETS);
            const __CELLS: usize = __SPEC
                .cell_count(::m::__private::call::FunctionFamily::TIMED);
            static __SHARED: [::m::__private::AtomicU64; __CELLS] = [const {
                ::m::__private::AtomicU64::new(0)
            }; __CELLS];
            static __BUSY_SHARED: [::m::__private::AtomicU64; __CELLS] = [const {
                ::m::__private::AtomicU64::new(0)
            }; __CELLS];
            static __BUSY_FAMILY: ::m::__private::Family = {
                ::m::__register! {
                    ::m::__private::Registration::Family(& __BUSY_FAMILY)
                }
                __SPEC
                    .in_family(
                        "render_busy_seconds",
                        "Time to render a page. Waiting is left out.",
                        "seconds",
                    )
                    .family(::m::__private::call::FunctionFamily::BUSY, &__BUSY_SHARED)
            };
            static __FAMILY: ::m::__private::Family = {
                ::m::__register! {
                    ::m::__private::Registration::Family(& __FAMILY)
                }
                __SPEC
                    .in_family("render_seconds", "Time to render a page.", "seconds")
                    .objectives({
                        const OBJECTIVES: &[::m::Objective] = &[
                            ::m::Objective::Latency {
                                seconds: 0.064f64,
                                percent: 99.0,
                            },
                        ];
                        OBJECTIVES
                    })
                    .busy_family(&__BUSY_FAMILY)
                    .family(::m::__private::call::FunctionFamily::TIMED, &__SHARED)
            };
            ::m::__private::call::CallSeries::unlabelled(&__FAMILY)
        },
        async move {
            #[allow(clippy::shadow_same)]
            let page = page;
            #[allow(
                unreachable_code,
                clippy::diverging_sub_expression,
                clippy::let_unit_value,
                clippy::empty_loop,
                clippy::needless_return,
                clippy::type_complexity
            )]
            if false {
                let __result: String = loop {};
                return __result;
            }
            { page.render().await }
        },
        ::m::__private::call::never_fails,
    );
}
