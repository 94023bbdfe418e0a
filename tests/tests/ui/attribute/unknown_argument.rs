use metrics_core::counted;

#[counted(nome = "app_work_total")]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
