#[cfg(not(all(unix)))]
/// Files opened.
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
struct OPENED {
    __metric: (),
}
#[cfg(not(all(unix)))]
/// Files opened.
static OPENED: OPENED = OPENED { __metric: () };
#[cfg(not(all(unix)))]
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
impl OPENED {
    /// Returns the series of these labels, for one recording.
    #[inline(always)]
    pub fn with(&self, path: &str) -> ::m::Counter<::m::__private::Disabled> {
        <::m::Counter<
            ::m::__private::Disabled,
        >>::at(::m::__private::Disabled::with(&(path,)))
    }
    /// Returns a handle to the series of these labels, which can be stored.
    pub fn bind(&self, path: &str) -> ::m::Counter {
        ::m::Counter::at(::m::__private::Disabled::bind(&(path,)))
    }
    /// Removes the series of these labels and returns whether there was one. Series
    /// whose labels are all closed are never removed.
    pub fn remove(&self, path: &str) -> bool {
        {
            let _ = &(path,);
            false
        }
    }
    /// Removes all series, unless all labels are closed.
    pub fn clear(&self) {}
    /// Removes the series for which `keep` returns false, unless all labels are closed.
    pub fn retain(&self, keep: impl ::core::ops::FnMut(::m::LabelView<'_>) -> bool) {
        let _ = keep;
    }
}
#[cfg(not(all(unix)))]
#[doc(hidden)]
#[automatically_derived]
impl ::m::__private::Deref for OPENED {
    type Target = ::m::__private::NeedsLabels<OPENED>;
    fn deref(&self) -> &Self::Target {
        ::m::__private::NeedsLabels::new()
    }
}
#[cfg(not(all(unix)))]
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
    const __NAMES: &[&'static str] = &["path"];
    const _: () = ::m::__private::check_declared_metric(
        "app_files_total",
        ::m::Kind::Counter,
    );
    const _: () = ::m::__private::check_declared_label("path", ::m::Kind::Counter);
    const _: ::m::Desc = ::m::__private::unchecked_desc(
            ::m::Kind::Counter,
            "app_files_total",
            "Files opened.",
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
#[cfg(all(unix))]
/// Files opened.
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
struct OPENED {
    __metric: (),
}
#[cfg(all(unix))]
/// Files opened.
static OPENED: OPENED = OPENED { __metric: () };
#[cfg(all(unix))]
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
impl OPENED {
    /// Returns the series of these labels, for one recording.
    #[inline(always)]
    pub fn with(
        &self,
        user: &str,
        path: &str,
    ) -> ::m::Counter<::m::__private::Disabled> {
        <::m::Counter<
            ::m::__private::Disabled,
        >>::at(::m::__private::Disabled::with(&(user, path)))
    }
    /// Returns a handle to the series of these labels, which can be stored.
    pub fn bind(&self, user: &str, path: &str) -> ::m::Counter {
        ::m::Counter::at(::m::__private::Disabled::bind(&(user, path)))
    }
    /// Removes the series of these labels and returns whether there was one. Series
    /// whose labels are all closed are never removed.
    pub fn remove(&self, user: &str, path: &str) -> bool {
        {
            let _ = &(user, path);
            false
        }
    }
    /// Removes all series, unless all labels are closed.
    pub fn clear(&self) {}
    /// Removes the series for which `keep` returns false, unless all labels are closed.
    pub fn retain(&self, keep: impl ::core::ops::FnMut(::m::LabelView<'_>) -> bool) {
        let _ = keep;
    }
}
#[cfg(all(unix))]
#[doc(hidden)]
#[automatically_derived]
impl ::m::__private::Deref for OPENED {
    type Target = ::m::__private::NeedsLabels<OPENED>;
    fn deref(&self) -> &Self::Target {
        ::m::__private::NeedsLabels::new()
    }
}
#[cfg(all(unix))]
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
    const __NAMES: &[&'static str] = &["user", "path"];
    const _: () = ::m::__private::check_declared_metric(
        "app_files_total",
        ::m::Kind::Counter,
    );
    const _: () = ::m::__private::check_declared_label("user", ::m::Kind::Counter);
    const _: () = ::m::__private::check_declared_label("path", ::m::Kind::Counter);
    const _: ::m::Desc = ::m::__private::unchecked_desc(
            ::m::Kind::Counter,
            "app_files_total",
            "Files opened.",
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
