use metrics_core::measure;

fn main() {
    measure!("one", timed, timed, || 1);
}
