fn store(&self, plan: Plan, page: Page) {
    let __call = ::m::__private::call::PanicGuard::<
        ::m::__private::call::Counted<_>,
    >::new({
        const _: () = ::m::__private::check_label("plan", ::m::Kind::Counter);
        const _: () = ::m::__private::check_label("region", ::m::Kind::Counter);
        const _: () = ::m::__private::check_label("size", ::m::Kind::Counter);
        const _: () = ::m::__private::check_label("path", ::m::Kind::Counter);
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
                    error: ::m::__private::call::Possible::No,
                    cancelled: ::m::__private::call::Possible::No,
                },
            )
            .labels(
                {
                    const LABELS: &[::m::__private::Cow<'static, str>] = &::m::__private::borrowed_texts::<
                        4usize,
                    >(&["plan", "region", "size", "path"]);
                    LABELS
                },
                {
                    const SETS: &[::core::option::Option<&'static [&'static str]>] = &[
                        <Plan as ::m::Label>::VALUES,
                        ::core::option::Option::None,
                        <Size as ::m::Label>::VALUES,
                        ::core::option::Option::None,
                    ];
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
            __SPEC.family(::m::__private::call::FunctionFamily::COUNTED, &__SHARED)
        };
        type __Local = <::m::__private::Strategy<
            { __SPEC.strategy(::m::__private::call::FunctionFamily::COUNTED, false) },
        > as ::m::__private::StrategyStorage<
            { __SPEC.local_cells(::m::__private::call::FunctionFamily::COUNTED, false) },
        >>::Local;
        ::m::__private::thread_local! {
            static __LOCAL : __Local = const { < __Local as ::m::__private::ConstInit >
            ::INIT };
        }
        ::m::__private::call::LocalCallSeries::with(
            &__FAMILY,
            &__LOCAL,
            &(
                ::m::__private::call::typed::<Plan>(&(plan)),
                ::m::__private::call::OpenLabel(&(self.region)),
                ::m::__private::call::typed::<Size>(&(Size::of(page))),
                ::m::__private::call::OpenLabel(&(page.path())),
            ),
        )
    });
    {
        self.pages.push((plan, page));
    }
    #[allow(unreachable_code)] __call.returned();
}
