#[inline]
#[timed(busy)]
#[::m::counted(labels(path), __moved)]
async fn fetch(path: &str) -> Result<Page, FetchError> {
    get(path).await
}
