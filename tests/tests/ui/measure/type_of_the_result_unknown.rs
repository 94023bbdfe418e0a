use metrics_core::measure;

fn main() {
    let number: u8 = measure!("parse", timed, || "1".parse().unwrap());
    let _ = number;
}
