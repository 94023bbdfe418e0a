#[inline]
#[timed(busy, __above(counted(labels(path))))]
async fn fetch(path: &str) -> Result<Page, FetchError> {
    get(path).await
}
