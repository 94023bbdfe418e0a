use metrics_core::measure;

fn main() {
    for number in 0..3 {
        measure!("step", timed, {
            if number == 1 {
                break;
            }
        });
    }
}
