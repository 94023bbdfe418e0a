use metrics_core::measure;

fn main() {
    measure!("", timed, || 1);
}
