use metrics_core::measure;

fn main() {
    let _ = [1].map(measure!("double", timed, |number| 2 * number));
}
