/// Requests.
#[allow(
    non_camel_case_types,
    non_snake_case,
    dead_code,
    unused_qualifications,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::restriction
)]
pub struct REQUESTS {
    __metric: ::m::Counter<::m::__private::DeclaredSeries<REQUESTS>>,
}
/// Requests.
pub static REQUESTS: REQUESTS = REQUESTS {
    __metric: <::m::Counter<
        ::m::__private::DeclaredSeries<REQUESTS>,
    >>::at(::m::__private::DeclaredSeries::UNLABELLED),
};
#[automatically_derived]
impl ::m::__private::Deref for REQUESTS {
    type Target = ::m::Counter<::m::__private::DeclaredSeries<REQUESTS>>;
    #[inline(always)]
    fn deref(&self) -> &Self::Target {
        &self.__metric
    }
}
#[allow(
    non_camel_case_types,
    non_snake_case,
    dead_code,
    unused_qualifications,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::restriction
)]
const _: () = {
    const _: () = ::m::__private::check_declared_metric(
        "app_requests_total",
        ::m::Kind::Counter,
    );
    const __NAMES: &[&'static str] = &[];
    const __SETS: &[::core::option::Option<&'static [&'static str]>] = &[];
    const __SERIES: ::core::option::Option<usize> = ::m::__private::closed_series(
        __SETS,
    );
    const __MAX_SERIES: usize = ::m::DEFAULT_MAX_SERIES;
    const _: () = ::m::__private::check_series(__SERIES, __MAX_SERIES);
    const __LAYOUT: ::m::__private::Layout = ::m::__private::Layout::Count;
    const __CELLS: usize = ::m::__private::thread_cell_count(__LAYOUT, __SERIES);
    type __Local = <::m::__private::Strategy<
        {
            ::m::__private::choose_strategy(
                __CELLS,
                __SERIES.is_some(),
                ::m::__private::MAX_STATIC_CELLS,
            )
        },
    > as ::m::__private::StrategyStorage<__CELLS>>::Local;
    const __ALL_CELLS: usize = ::m::__private::shared_cell_count(__LAYOUT, __SERIES);
    static __SHARED: [::m::__private::AtomicU64; __ALL_CELLS] = [const {
        ::m::__private::AtomicU64::new(0)
    }; __ALL_CELLS];
    #[automatically_derived]
    impl ::m::__private::DeclaredMetric for REQUESTS {
        type Local = __Local;
        const LAYOUT: ::m::__private::Layout = __LAYOUT;
        const SERIES: ::core::option::Option<usize> = __SERIES;
        #[inline(always)]
        fn local() -> &'static ::m::__private::LocalKey<__Local> {
            ::m::__private::thread_local! {
                static __LOCAL : __Local = const { < __Local as ::m::__private::ConstInit
                > ::INIT };
            }
            &__LOCAL
        }
        #[inline(always)]
        fn family() -> &'static ::m::__private::Family {
            &__FAMILY
        }
        #[inline(always)]
        fn shared() -> &'static [::m::__private::AtomicU64] {
            &__SHARED
        }
    }
    static __FAMILY: ::m::__private::Family = {
        ::m::__register! {
            ::m::__private::Registration::Family(& __FAMILY)
        }
        ::m::__private::declared_family::<
            REQUESTS,
        >(
            ::m::__private::unchecked_desc(
                    ::m::Kind::Counter,
                    "app_requests_total",
                    "Requests.",
                    "",
                )
                .declared_at(
                    ::core::file!(),
                    ::m::__private::line_in(::core::file!(), ::core::line!(), "", 0u32),
                    ::core::module_path!(),
                )
                .labels({
                    const LABELS: &[::m::__private::Cow<'static, str>] = &::m::__private::borrowed_texts::<
                        { __NAMES.len() },
                    >(__NAMES);
                    LABELS
                }),
            __SETS,
            &__SHARED,
        )
    };
};
#[cfg(feature = "pages")]
/// Pages.
#[allow(
    non_camel_case_types,
    non_snake_case,
    dead_code,
    unused_qualifications,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::restriction
)]
struct PAGES {
    __metric: (),
}
#[cfg(feature = "pages")]
/// Pages.
static PAGES: PAGES = PAGES { __metric: () };
#[cfg(feature = "pages")]
#[allow(
    non_camel_case_types,
    non_snake_case,
    dead_code,
    unused_qualifications,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::restriction
)]
#[automatically_derived]
impl PAGES {
    /// Returns the series of these labels, for one recording.
    #[inline(always)]
    pub fn with(
        &self,
        method: &str,
        r#type: &str,
        cache: Cache,
    ) -> ::m::Histogram<::m::__private::DeclaredSeries<PAGES>> {
        <::m::Histogram<
            ::m::__private::DeclaredSeries<PAGES>,
        >>::at(
            ::m::__private::DeclaredSeries::with(
                &(
                    ::m::__private::Allowed::<PAGES, 0usize>::new(&method),
                    ::m::__private::normalized(shorten, r#type),
                    cache,
                ),
            ),
        )
    }
    /// Returns a handle to the series of these labels, which can be stored.
    pub fn bind(&self, method: &str, r#type: &str, cache: Cache) -> ::m::Histogram {
        ::m::Histogram::at(
            ::m::__private::Handle::bind(
                <PAGES as ::m::__private::DeclaredMetric>::family(),
                &(
                    ::m::__private::Allowed::<PAGES, 0usize>::new(&method),
                    ::m::__private::normalized(shorten, r#type),
                    cache,
                ),
            ),
        )
    }
    /// Removes the series of these labels and returns whether there was one. Series
    /// whose labels are all closed are never removed.
    pub fn remove(&self, method: &str, r#type: &str, cache: Cache) -> bool {
        <PAGES as ::m::__private::DeclaredMetric>::family()
            .remove(
                &(
                    ::m::__private::Allowed::<PAGES, 0usize>::new(&method),
                    ::m::__private::normalized(shorten, r#type),
                    cache,
                ),
            )
    }
    /// Removes all series, unless all labels are closed.
    pub fn clear(&self) {
        <PAGES as ::m::__private::DeclaredMetric>::family().clear();
    }
    /// Removes the series for which `keep` returns false, unless all labels are closed.
    pub fn retain(&self, keep: impl ::core::ops::FnMut(::m::LabelView<'_>) -> bool) {
        <PAGES as ::m::__private::DeclaredMetric>::family().retain(keep);
    }
}
#[cfg(feature = "pages")]
#[doc(hidden)]
#[automatically_derived]
impl ::m::__private::Deref for PAGES {
    type Target = ::m::__private::NeedsLabels<PAGES>;
    fn deref(&self) -> &Self::Target {
        ::m::__private::NeedsLabels::new()
    }
}
#[cfg(feature = "pages")]
#[allow(
    non_camel_case_types,
    non_snake_case,
    dead_code,
    unused_qualifications,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::restriction
)]
const _: () = {
    const _: () = ::m::__private::check_declared_metric(
        "app_pages_bytes",
        ::m::Kind::Histogram,
    );
    const _: () = ::m::__private::check_unit(
        "app_pages_bytes",
        "bytes",
        ::m::Kind::Histogram,
    );
    const _: () = ::m::__private::check_declared_label("method", ::m::Kind::Histogram);
    const _: () = ::m::__private::check_declared_label("host", ::m::Kind::Histogram);
    const _: () = ::m::__private::check_declared_label("cache", ::m::Kind::Histogram);
    const _: () = ::m::__private::check_buckets(&__BOUNDS);
    const _: () = ::m::__private::check_growth(1.5);
    const __NAMES: &[&'static str] = &["method", "host", "cache"];
    const __SETS: &[::core::option::Option<&'static [&'static str]>] = &[
        <::m::__private::Allowed<PAGES, 0usize> as ::m::Label>::VALUES,
        ::m::__private::normalizer_values::<&str, _>(shorten),
        <Cache as ::m::Label>::VALUES,
    ];
    const __SERIES: ::core::option::Option<usize> = ::m::__private::closed_series(
        __SETS,
    );
    const __MAX_SERIES: usize = 100;
    const _: () = ::m::__private::check_series(__SERIES, __MAX_SERIES);
    const _: () = ::m::__private::check_expiry(__SERIES);
    const __BOUNDS: [f64; { 3 }] = ::m::linear_buckets::<{ 3 }>(1.0, 2.0);
    const __UPPER: [f64; __BOUNDS.len() + 1] = ::m::__private::with_infinity::<
        { __BOUNDS.len() },
        { __BOUNDS.len() + 1 },
    >(&__BOUNDS);
    static __BUCKETS: ::m::__private::Buckets = ::m::__private::Buckets::new(&__UPPER);
    const __LAYOUT: ::m::__private::Layout = ::m::__private::native_histogram_layout(
        &__BOUNDS,
        ::m::__private::NativeConfig::DEFAULT.growth(1.5),
    );
    const __CELLS: usize = ::m::__private::thread_cell_count(__LAYOUT, __SERIES);
    type __Local = <::m::__private::Strategy<
        { ::m::__private::choose_strategy(__CELLS, __SERIES.is_some(), 0) },
    > as ::m::__private::StrategyStorage<__CELLS>>::Local;
    const __ALL_CELLS: usize = ::m::__private::shared_cell_count(__LAYOUT, __SERIES);
    static __SHARED: [::m::__private::AtomicU64; __ALL_CELLS] = [const {
        ::m::__private::AtomicU64::new(0)
    }; __ALL_CELLS];
    #[automatically_derived]
    impl ::m::__private::DeclaredMetric for PAGES {
        type Local = __Local;
        const LAYOUT: ::m::__private::Layout = __LAYOUT;
        const SERIES: ::core::option::Option<usize> = __SERIES;
        const EXEMPLARS: ::core::primitive::bool = true;
        const EXPIRES: ::core::primitive::bool = true;
        #[inline(always)]
        fn local() -> &'static ::m::__private::LocalKey<__Local> {
            ::m::__private::thread_local! {
                static __LOCAL : __Local = const { < __Local as ::m::__private::ConstInit
                > ::INIT };
            }
            &__LOCAL
        }
        #[inline(always)]
        fn family() -> &'static ::m::__private::Family {
            &__FAMILY
        }
        #[inline(always)]
        fn shared() -> &'static [::m::__private::AtomicU64] {
            &__SHARED
        }
        fn buckets() -> ::core::option::Option<&'static ::m::__private::Buckets> {
            ::core::option::Option::Some(&__BUCKETS)
        }
    }
    static __FAMILY: ::m::__private::Family = {
        ::m::__register! {
            ::m::__private::Registration::Family(& __FAMILY)
        }
        ::m::__private::declared_family::<
            PAGES,
        >(
                ::m::__private::unchecked_desc(
                        ::m::Kind::Histogram,
                        "app_pages_bytes",
                        "Pages.",
                        "bytes",
                    )
                    .declared_at(
                        ::core::file!(),
                        ::m::__private::line_in(
                            ::core::file!(),
                            ::core::line!(),
                            "",
                            0u32,
                        ),
                        ::core::module_path!(),
                    )
                    .labels({
                        const LABELS: &[::m::__private::Cow<'static, str>] = &::m::__private::borrowed_texts::<
                            { __NAMES.len() },
                        >(__NAMES);
                        LABELS
                    })
                    .bounds(&__BOUNDS),
                __SETS,
                &__SHARED,
            )
            .buckets(&__BUCKETS)
            .max_series(__MAX_SERIES)
            .expire_after(3600000000000u64)
            .with_exemplars()
    };
    #[automatically_derived]
    impl ::m::__private::AllowList<0usize> for PAGES {
        const VALUES: &'static [&'static str] = &["GET", "POST", "unknown"];
        const OTHER: usize = 2usize;
    }
};
