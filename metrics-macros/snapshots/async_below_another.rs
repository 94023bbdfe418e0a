#[instrument]
async fn wait(millis: u64) -> u64 {
    return ::m::__private::call::TrackedFuture::<
        _,
        ::m::__private::call::Counted<_>,
        _,
    >::new(
            {
                const __SPEC: ::m::__private::call::FunctionSpec = ::m::__private::call::FunctionSpec::new(
                    &[
                        (
                            ::m::__private::Cow::Borrowed("function"),
                            ::m::__private::Cow::Borrowed("wait"),
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
                ::m::__private::call::CallSeries::unlabelled(&__FAMILY)
            },
            async move {
                #[allow(clippy::shadow_same)]
                let _ = &millis;
                #[allow(
                    unreachable_code,
                    clippy::diverging_sub_expression,
                    clippy::let_unit_value,
                    clippy::empty_loop,
                    clippy::needless_return,
                    clippy::type_complexity
                )]
                if false {
                    let __result: u64 = loop {};
                    return __result;
                }
                { sleep(millis).await }
            },
            ::m::__private::call::never_fails,
        )
        .await;
}
