use metrics_core::measure;

fn main() {
    measure!("one", timed, 1 + 1);
}
