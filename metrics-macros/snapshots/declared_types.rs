/// Time to load.
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
struct LOAD {
    __metric: ::m::Histogram<::m::__private::DeclaredSeries<LOAD>>,
}
/// Time to load.
static LOAD: LOAD = LOAD {
    __metric: <::m::Histogram<
        ::m::__private::DeclaredSeries<LOAD>,
    >>::at(::m::__private::DeclaredSeries::UNLABELLED),
};
#[automatically_derived]
impl ::m::__private::Deref for LOAD {
    type Target = ::m::Histogram<::m::__private::DeclaredSeries<LOAD>>;
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
        "app_load_seconds",
        ::m::Kind::Histogram,
    );
    const _: () = ::m::__private::check_latency(&__BOUNDS, 0.25f64);
    const __NAMES: &[&'static str] = &[];
    const __SETS: &[::core::option::Option<&'static [&'static str]>] = &[];
    const __SERIES: ::core::option::Option<usize> = ::m::__private::closed_series(
        __SETS,
    );
    const __MAX_SERIES: usize = ::m::DEFAULT_MAX_SERIES;
    const _: () = ::m::__private::check_series(__SERIES, __MAX_SERIES);
    const __BOUNDS: [f64; { ::m::DURATION_BUCKETS.len() }] = ::m::DURATION_BUCKETS;
    const __UPPER: [f64; __BOUNDS.len() + 1] = ::m::__private::with_infinity::<
        { __BOUNDS.len() },
        { __BOUNDS.len() + 1 },
    >(&__BOUNDS);
    static __BUCKETS: ::m::__private::Buckets = ::m::__private::Buckets::new(&__UPPER);
    const __LAYOUT: ::m::__private::Layout = ::m::__private::histogram_layout(
        __BOUNDS.len(),
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
    impl ::m::__private::DeclaredMetric for LOAD {
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
        fn buckets() -> ::core::option::Option<&'static ::m::__private::Buckets> {
            ::core::option::Option::Some(&__BUCKETS)
        }
    }
    static __FAMILY: ::m::__private::Family = {
        ::m::__register! {
            ::m::__private::Registration::Family(& __FAMILY)
        }
        ::m::__private::declared_family::<
            LOAD,
        >(
                ::m::__private::unchecked_desc(
                        ::m::Kind::Histogram,
                        "app_load_seconds",
                        "Time to load.",
                        "",
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
                    .bounds(&__BOUNDS)
                    .with_objectives({
                        const OBJECTIVES: &[::m::Objective] = &[
                            ::m::Objective::Latency {
                                seconds: 0.25f64,
                                percent: 99.0,
                            },
                        ];
                        OBJECTIVES
                    }),
                __SETS,
                &__SHARED,
            )
            .buckets(&__BUCKETS)
    };
};
/// Time to render.
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
struct RENDER {
    __metric: (),
}
/// Time to render.
static RENDER: RENDER = RENDER { __metric: () };
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
impl RENDER {
    /// Returns the series of these labels, for one recording.
    #[inline(always)]
    pub fn with(
        &self,
        labels: &Page,
    ) -> ::m::Summary<::m::__private::DeclaredSeries<RENDER>> {
        <::m::Summary<
            ::m::__private::DeclaredSeries<RENDER>,
        >>::at(::m::__private::DeclaredSeries::with(labels))
    }
    /// Returns a handle to the series of these labels, which can be stored.
    pub fn bind(&self, labels: &Page) -> ::m::Summary {
        ::m::Summary::at(
            ::m::__private::Handle::bind(
                <RENDER as ::m::__private::DeclaredMetric>::family(),
                labels,
            ),
        )
    }
    /// Removes the series of these labels and returns whether there was one. Series
    /// whose labels are all closed are never removed.
    pub fn remove(&self, labels: &Page) -> bool {
        <RENDER as ::m::__private::DeclaredMetric>::family().remove(labels)
    }
    /// Removes all series, unless all labels are closed.
    pub fn clear(&self) {
        <RENDER as ::m::__private::DeclaredMetric>::family().clear();
    }
    /// Removes the series for which `keep` returns false, unless all labels are closed.
    pub fn retain(&self, keep: impl ::core::ops::FnMut(::m::LabelView<'_>) -> bool) {
        <RENDER as ::m::__private::DeclaredMetric>::family().retain(keep);
    }
}
#[doc(hidden)]
#[automatically_derived]
impl ::m::__private::Deref for RENDER {
    type Target = ::m::__private::NeedsLabels<RENDER>;
    fn deref(&self) -> &Self::Target {
        ::m::__private::NeedsLabels::new()
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
        "app_render_seconds",
        ::m::Kind::Summary,
    );
    const _: () = ::m::__private::check_labels(__NAMES, ::m::Kind::Summary);
    const _: () = ::m::__private::check_quantile(&__BOUNDS, 0usize);
    const _: () = ::m::__private::check_quantile(&__BOUNDS, 1usize);
    const __NAMES: &[&'static str] = <Page as ::m::Labels>::NAMES;
    const __SETS: &[::core::option::Option<&'static [&'static str]>] = <Page as ::m::LabelSet>::VALUE_SETS;
    const __SERIES: ::core::option::Option<usize> = ::m::__private::closed_series(
        __SETS,
    );
    const __MAX_SERIES: usize = ::m::DEFAULT_MAX_SERIES;
    const _: () = ::m::__private::check_series(__SERIES, __MAX_SERIES);
    const __BOUNDS: [f64; 2usize] = [0.5, 0.99];
    const __LAYOUT: ::m::__private::Layout = ::m::__private::summary_layout(
        __BOUNDS.len(),
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
    impl ::m::__private::DeclaredMetric for RENDER {
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
            RENDER,
        >(
            ::m::__private::unchecked_desc(
                    ::m::Kind::Summary,
                    "app_render_seconds",
                    "Time to render.",
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
                })
                .bounds(&__BOUNDS),
            __SETS,
            &__SHARED,
        )
    };
};
/// State of the link.
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
struct LINK {
    __metric: (),
}
/// State of the link.
static LINK: LINK = LINK { __metric: () };
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
impl LINK {
    /// Returns the series of these labels, for one recording.
    #[inline(always)]
    pub fn with(
        &self,
        peer: &str,
    ) -> ::m::StateSet<Link, ::m::__private::DeclaredSeries<LINK>> {
        <::m::StateSet<
            Link,
            ::m::__private::DeclaredSeries<LINK>,
        >>::at(::m::__private::DeclaredSeries::with(&(peer,)))
    }
    /// Returns a handle to the series of these labels, which can be stored.
    pub fn bind(&self, peer: &str) -> ::m::StateSet<Link> {
        ::m::StateSet::at(
            ::m::__private::Handle::bind(
                <LINK as ::m::__private::DeclaredMetric>::family(),
                &(peer,),
            ),
        )
    }
    /// Removes the series of these labels and returns whether there was one. Series
    /// whose labels are all closed are never removed.
    pub fn remove(&self, peer: &str) -> bool {
        <LINK as ::m::__private::DeclaredMetric>::family().remove(&(peer,))
    }
    /// Removes all series, unless all labels are closed.
    pub fn clear(&self) {
        <LINK as ::m::__private::DeclaredMetric>::family().clear();
    }
    /// Removes the series for which `keep` returns false, unless all labels are closed.
    pub fn retain(&self, keep: impl ::core::ops::FnMut(::m::LabelView<'_>) -> bool) {
        <LINK as ::m::__private::DeclaredMetric>::family().retain(keep);
    }
    /// Replaces all series by those that the closure `series` sets through its argument.
    ///
    /// A scrape exposes either all earlier series or all new ones. If all labels are closed,
    /// series that are not set become 0.
    pub fn replace(
        &self,
        series: impl ::core::ops::FnOnce(&mut dyn ::core::ops::FnMut(&str, Link)),
    ) {
        let mut __replacement = <::m::__private::Replacement as ::core::default::Default>::default();
        series(
            &mut |peer: &str, __value: Link| {
                __replacement
                    .set(
                        &(peer,),
                        &(::m::Label::index(&__value) as ::core::primitive::i64),
                    )
            },
        );
        __replacement.apply(<LINK as ::m::__private::DeclaredMetric>::family());
    }
}
#[doc(hidden)]
#[automatically_derived]
impl ::m::__private::Deref for LINK {
    type Target = ::m::__private::NeedsLabels<LINK>;
    fn deref(&self) -> &Self::Target {
        ::m::__private::NeedsLabels::new()
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
    const _: () = ::m::__private::check_declared_metric("app_link", ::m::Kind::StateSet);
    const _: () = ::m::__private::check_declared_label("peer", ::m::Kind::StateSet);
    const __NAMES: &[&'static str] = &["peer"];
    const __SETS: &[::core::option::Option<&'static [&'static str]>] = &[
        <&str as ::m::Label>::VALUES,
    ];
    const __SERIES: ::core::option::Option<usize> = ::m::__private::closed_series(
        __SETS,
    );
    const __MAX_SERIES: usize = ::m::DEFAULT_MAX_SERIES;
    const _: () = ::m::__private::check_series(__SERIES, __MAX_SERIES);
    const __LAYOUT: ::m::__private::Layout = ::m::__private::Layout::Int;
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
    impl ::m::__private::DeclaredMetric for LINK {
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
            LINK,
        >(
                ::m::__private::unchecked_desc(
                        ::m::Kind::StateSet,
                        "app_link",
                        "State of the link.",
                        "",
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
                    }),
                __SETS,
                &__SHARED,
            )
            .states(::m::__private::state_names::<Link>())
    };
};
/// The build.
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
struct BUILD {
    __metric: (),
}
/// The build.
static BUILD: BUILD = BUILD { __metric: () };
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
impl BUILD {
    /// Returns the names and values of the labels, or `None` before they are set.
    pub fn get(
        &self,
    ) -> ::core::option::Option<
        ::m::__private::Vec<(::m::__private::String, ::m::__private::String)>,
    > {
        ::m::Info::at(<BUILD as ::m::__private::DeclaredMetric>::family()).get()
    }
    /// Replaces the values of the labels.
    pub fn set(&self, version: &str) {
        ::m::Info::at(<BUILD as ::m::__private::DeclaredMetric>::family())
            .set(&(version,));
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
        "app_build_info",
        ::m::Kind::Info,
    );
    const _: () = ::m::__private::check_declared_label("version", ::m::Kind::Info);
    const __NAMES: &[&'static str] = &["version"];
    const __SETS: &[::core::option::Option<&'static [&'static str]>] = &[
        <&str as ::m::Label>::VALUES,
    ];
    const __SERIES: ::core::option::Option<usize> = ::core::option::Option::None;
    const __MAX_SERIES: usize = ::m::DEFAULT_MAX_SERIES;
    const _: () = ::m::__private::check_series(__SERIES, __MAX_SERIES);
    const __LAYOUT: ::m::__private::Layout = ::m::__private::Layout::Empty;
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
    impl ::m::__private::DeclaredMetric for BUILD {
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
            BUILD,
        >(
            ::m::__private::unchecked_desc(
                    ::m::Kind::Info,
                    "app_build_info",
                    "The build.",
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
/// Bytes in use.
static BYTES: ::m::Computed = {
    ::m::__register! {
        ::m::__private::Registration::Collector(& BYTES)
    }
    ::m::Computed::new(
        {
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
            const DESC: ::m::Desc = {
                const __NAMES: &[&'static str] = &[];
                const _: () = ::m::__private::check_declared_metric(
                    "app_bytes",
                    ::m::Kind::Gauge,
                );
                ::m::__private::unchecked_desc(
                        ::m::Kind::Gauge,
                        "app_bytes",
                        "Bytes in use.",
                        "",
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
            };
            DESC
        },
        bytes_in_use,
    )
};
/// Café.
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
struct CAFE {
    __metric: (),
}
/// Café.
static CAFE: CAFE = CAFE { __metric: () };
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
impl CAFE {
    /// Returns the series of these labels, for one recording.
    #[inline(always)]
    pub fn with(
        &self,
        größe: &str,
    ) -> ::m::UpDownCounter<::m::__private::DeclaredSeries<CAFE>> {
        <::m::UpDownCounter<
            ::m::__private::DeclaredSeries<CAFE>,
        >>::at(::m::__private::DeclaredSeries::with(&(größe,)))
    }
    /// Returns a handle to the series of these labels, which can be stored.
    pub fn bind(&self, größe: &str) -> ::m::UpDownCounter {
        ::m::UpDownCounter::at(
            ::m::__private::Handle::bind(
                <CAFE as ::m::__private::DeclaredMetric>::family(),
                &(größe,),
            ),
        )
    }
    /// Removes the series of these labels and returns whether there was one. Series
    /// whose labels are all closed are never removed.
    pub fn remove(&self, größe: &str) -> bool {
        <CAFE as ::m::__private::DeclaredMetric>::family().remove(&(größe,))
    }
    /// Removes all series, unless all labels are closed.
    pub fn clear(&self) {
        <CAFE as ::m::__private::DeclaredMetric>::family().clear();
    }
    /// Removes the series for which `keep` returns false, unless all labels are closed.
    pub fn retain(&self, keep: impl ::core::ops::FnMut(::m::LabelView<'_>) -> bool) {
        <CAFE as ::m::__private::DeclaredMetric>::family().retain(keep);
    }
}
#[doc(hidden)]
#[automatically_derived]
impl ::m::__private::Deref for CAFE {
    type Target = ::m::__private::NeedsLabels<CAFE>;
    fn deref(&self) -> &Self::Target {
        ::m::__private::NeedsLabels::new()
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
    const _: () = ::m::__private::check_utf8_metric("app.café", ::m::Kind::Gauge);
    const _: () = ::m::__private::check_utf8_label("größe", ::m::Kind::Gauge);
    const __NAMES: &[&'static str] = &["größe"];
    const __SETS: &[::core::option::Option<&'static [&'static str]>] = &[
        <&str as ::m::Label>::VALUES,
    ];
    const __SERIES: ::core::option::Option<usize> = ::m::__private::closed_series(
        __SETS,
    );
    const __MAX_SERIES: usize = ::m::DEFAULT_MAX_SERIES;
    const _: () = ::m::__private::check_series(__SERIES, __MAX_SERIES);
    const __LAYOUT: ::m::__private::Layout = ::m::__private::Layout::UpDown;
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
    impl ::m::__private::DeclaredMetric for CAFE {
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
            CAFE,
        >(
            ::m::__private::unchecked_desc(::m::Kind::Gauge, "app.café", "Café.", "")
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
