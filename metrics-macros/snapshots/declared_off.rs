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
struct REQUESTS {
    __metric: ::m::Counter<::m::__private::Disabled>,
}
/// Requests.
static REQUESTS: REQUESTS = REQUESTS {
    __metric: <::m::Counter<::m::__private::Disabled>>::at(::m::__private::Disabled),
};
#[automatically_derived]
impl ::m::__private::Deref for REQUESTS {
    type Target = ::m::Counter<::m::__private::Disabled>;
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
    const __NAMES: &[&'static str] = &[];
    const _: () = ::m::__private::check_declared_metric(
        "app_requests_total",
        ::m::Kind::Counter,
    );
    const _: ::m::Desc = ::m::__private::unchecked_desc(
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
        });
};
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
/// Pages.
static PAGES: PAGES = PAGES { __metric: () };
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
        host: &str,
        cache: Cache,
    ) -> ::m::Gauge<::m::__private::Disabled> {
        <::m::Gauge<
            ::m::__private::Disabled,
        >>::at(
            ::m::__private::Disabled::with(
                &(
                    {
                        let _ = || shorten(host);
                        ""
                    },
                    cache,
                ),
            ),
        )
    }
    /// Returns a handle to the series of these labels, which can be stored.
    pub fn bind(&self, host: &str, cache: Cache) -> ::m::Gauge {
        ::m::Gauge::at(
            ::m::__private::Disabled::bind(
                &(
                    {
                        let _ = || shorten(host);
                        ""
                    },
                    cache,
                ),
            ),
        )
    }
    /// Removes the series of these labels and returns whether there was one. Series
    /// whose labels are all closed are never removed.
    pub fn remove(&self, host: &str, cache: Cache) -> bool {
        {
            let _ = &(
                {
                    let _ = || shorten(host);
                    ""
                },
                cache,
            );
            false
        }
    }
    /// Removes all series, unless all labels are closed.
    pub fn clear(&self) {}
    /// Removes the series for which `keep` returns false, unless all labels are closed.
    pub fn retain(&self, keep: impl ::core::ops::FnMut(::m::LabelView<'_>) -> bool) {
        let _ = keep;
    }
    /// Replaces all series by those that the closure `series` sets through its argument.
    ///
    /// A scrape exposes either all earlier series or all new ones. If all labels are closed,
    /// series that are not set become 0.
    pub fn replace(
        &self,
        series: impl ::core::ops::FnOnce(
            &mut dyn ::core::ops::FnMut(&str, Cache, ::core::primitive::i64),
        ),
    ) {
        let _ = series;
    }
}
#[doc(hidden)]
#[automatically_derived]
impl ::m::__private::Deref for PAGES {
    type Target = ::m::__private::NeedsLabels<PAGES>;
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
    const __NAMES: &[&'static str] = &["host", "cache"];
    const _: () = ::m::__private::check_declared_metric("app_pages", ::m::Kind::Gauge);
    const _: () = ::m::__private::check_declared_label("host", ::m::Kind::Gauge);
    const _: () = ::m::__private::check_declared_label("cache", ::m::Kind::Gauge);
    const _: ::m::Desc = ::m::__private::unchecked_desc(
            ::m::Kind::Gauge,
            "app_pages",
            "Pages.",
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
        });
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
        ::core::option::Option::None
    }
    /// Replaces the values of the labels.
    pub fn set(&self, version: &str) {
        let _ = &(version,);
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
    const __NAMES: &[&'static str] = &["version"];
    const _: () = ::m::__private::check_declared_metric(
        "app_build_info",
        ::m::Kind::Info,
    );
    const _: () = ::m::__private::check_declared_label("version", ::m::Kind::Info);
    const _: ::m::Desc = ::m::__private::unchecked_desc(
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
        });
};
/// Bytes in use.
static BYTES: ::m::Computed = {
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
