use metrics_core::counted;

#[counted(name = "app_work_total" help = "Work.")]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
