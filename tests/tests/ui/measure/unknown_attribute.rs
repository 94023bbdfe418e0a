use metrics_core::measure;

fn main() {
    measure!("one", time, || 1);
}
