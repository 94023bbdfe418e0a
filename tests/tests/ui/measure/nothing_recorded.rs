use metrics_core::measure;

fn main() {
    let _: u8 = measure!("one", || 1);
}
