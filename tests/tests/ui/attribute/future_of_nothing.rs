#[metrics_core::counted(future)]
fn nothing() {}

fn main() {
    nothing();
}
