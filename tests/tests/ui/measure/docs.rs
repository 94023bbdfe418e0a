use metrics_core::measure;

fn main() {
    measure!("one", timed(docs), || 1);
}
