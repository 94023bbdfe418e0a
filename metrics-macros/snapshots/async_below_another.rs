#[instrument]
async fn wait(millis: u64) -> u64 {
    ::m::__private::call::Tracked::<
        _,
        ::m::__private::call::Counted,
        _,
    >::new(
            {
                static __SITE: ::m::__private::Family = {
                    ::m::__register! {
                        ::m::__private::Registration::Family(& __SITE)
                    }
                    ::m::__private::call::Site::new(
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
                            0u32,
                            ::core::module_path!(),
                            ::m::__private::call::Outcomes::Labelled {
                                fallible: false,
                                is_async: true,
                            },
                        )
                        .measured(::m::__private::call::Measured::COUNTED)
                };
                ::m::__private::call::Called::plain(&__SITE)
            },
            async move {
                #[allow(clippy::shadow_same)]
                let _ = &millis;
                #[allow(
                    unreachable_code,
                    clippy::diverging_sub_expression,
                    clippy::let_unit_value,
                    clippy::empty_loop,
                    clippy::needless_return
                )]
                if false {
                    let __result: u64 = loop {};
                    return __result;
                }
                { sleep(millis).await }
            },
            ::m::__private::call::never,
        )
        .await
}
