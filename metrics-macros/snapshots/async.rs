#[allow(clippy::manual_async_fn)]
fn wait(
    __arg0: (u64, u64),
    times: u32,
    __arg2: &str,
) -> impl ::core::future::Future<Output = ()> {
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
                __SPEC.family(::m::__private::call::FunctionFamily::COUNTED, &__SHARED)
            };
            ::m::__private::call::CallSeries::unlabelled(&__FAMILY)
        },
        async move {
            #[allow(unused_mut)]
            let mut __arg0 = __arg0;
            let (millis, seconds) = __arg0;
            #[allow(clippy::shadow_same)]
            let mut times = times;
            #[allow(unused_mut)]
            let mut __arg2 = __arg2;
            let _ = __arg2;
            #[allow(
                unreachable_code,
                clippy::unused_unit,
                clippy::diverging_sub_expression
            )]
            if false {
                return ();
            }
            {
                times += 1;
                sleep(millis + seconds * 1000 * times).await;
            }
        },
        ::m::__private::call::never_fails,
    );
}
