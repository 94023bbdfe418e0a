use metrics_core::measure;

fn first(numbers: &[u8]) -> u8 {
    measure!("first", timed, {
        if numbers.is_empty() {
            return 0;
        }
    });
    numbers[0]
}

fn main() {
    first(&[]);
}
