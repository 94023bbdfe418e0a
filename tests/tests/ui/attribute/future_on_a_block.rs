struct Slug;

#[metrics_core::counted(future)]
#[metrics_core::timed(stream)]
impl Slug {
    fn number() -> impl Future<Output = u8> {
        std::future::ready(1)
    }
}

fn main() {
    let _ = Slug::number();
}
