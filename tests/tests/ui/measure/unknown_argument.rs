use metrics_core::measure;

fn main() {
    let _: u8 = measure!("one", timed(bucket(1.0)), || 1);
}
