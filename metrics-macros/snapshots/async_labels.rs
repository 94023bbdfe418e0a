#[allow(clippy::manual_async_fn)]
fn store(plan: Plan, page: Page) -> impl ::core::future::Future<Output = Stored> {
    #[allow(unused_imports)]
    use ::m::__private::call::output_levels::*;
    return {
        #[allow(clippy::async_yields_async)]
        let __future = async move {
            let __series = {
                const _: () = ::m::__private::check_label("plan", ::m::Kind::Counter);
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
                            >(&["plan"]);
                            LABELS
                        },
                        {
                            const SETS: &[::core::option::Option<
                                &'static [&'static str],
                            >] = &[<Plan as ::m::Label>::VALUES];
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
                        .family(::m::__private::call::FunctionFamily::COUNTED, &__SHARED)
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
                        &(::m::__private::call::typed::<Plan>(&(plan)),),
                    ),
                )
            };
            ::m::__private::call::CallStart::new(__series).await;
            #[allow(clippy::shadow_same, unused_variables)]
            let plan = plan;
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
                let __result: Stored = loop {};
                return __result;
            }
            { plan.take(page).await }
        };
        #[allow(clippy::needless_borrow)]
        let __form = (&&&&::m::__private::call::output_of::<
            ::m::__private::call::Undeclared,
            _,
        >(&__future))
            .form();
        let __ending = __form
            .ending::<
                ::m::__private::call::Counted<_>,
                _,
                _,
            >(|__result| {
                !::m::__private::call::map_result::<_, bool>(__result, Stored::is_whole)
            });
        ::m::__private::call::TrackedFuture::<
            _,
            ::m::__private::call::Counted<_>,
            _,
        >::labelled_with(__future, __ending)
    };
}
