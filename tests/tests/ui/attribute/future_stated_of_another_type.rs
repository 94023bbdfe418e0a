#[metrics_core::counted(future)]
fn number() -> impl Copy {
    1
}

#[metrics_core::counted(stream)]
fn numbers() -> impl Copy {
    1
}

fn main() {
    let _ = (number(), numbers());
}
