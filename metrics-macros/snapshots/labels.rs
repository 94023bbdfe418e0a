fn store(&self, plan: Plan, page: Page) {
    let __call = ::m::__private::call::Guard::<
        ::m::__private::call::Counted,
    >::new({
        const _: () = ::m::__private::check_label("plan", ::m::Kind::Counter);
        const _: () = ::m::__private::check_label("region", ::m::Kind::Counter);
        const _: () = ::m::__private::check_label("size", ::m::Kind::Counter);
        const _: () = ::m::__private::check_label("path", ::m::Kind::Counter);
        static __SITE: ::m::__private::Family = {
            ::m::__register! {
                ::m::__private::Registration::Family(& __SITE)
            }
            ::m::__private::call::Site::new(
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
                        fallible: false,
                        is_async: false,
                    },
                )
                .labels(
                    {
                        const LABELS: &[::m::__private::Cow<'static, str>] = &::m::__private::texts::<
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
                        const _: () = ::m::__private::check_series(
                            ::m::__private::closed_series(SETS),
                            ::m::DEFAULT_MAX_SERIES,
                        );
                        SETS
                    },
                    {
                        const RESULTS: &[::m::__private::call::ResultLabel] = &[];
                        RESULTS
                    },
                )
                .measured(::m::__private::call::Measured::COUNTED)
        };
        ::m::__private::call::Called::with(
            &__SITE,
            &(
                ::m::__private::call::typed::<Plan>(&(plan)),
                ::m::__private::call::Open(&(self.region)),
                ::m::__private::call::typed::<Size>(&(Size::of(page))),
                ::m::__private::call::Open(&(page.path())),
            ),
        )
    });
    {
        self.pages.push((plan, page));
    }
}
