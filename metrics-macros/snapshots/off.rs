async fn fetch(path: &str) -> Result<Page, FetchError> {
    const _: () = ::m::__private::check_metric("pages_total", ::m::Kind::Counter);
    const _: () = ::m::__private::check_label("path", ::m::Kind::Counter);
    let _ = || {
        let _ = &(::m::__private::call::typed::<&str>(&(path)),);
    };
    get(path).await
}
