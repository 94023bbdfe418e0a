use metrics_core::measure;

fn main() {
    measure!("one", timed(labels(user)), || 1);
}
