use metrics_core::counted;

struct Pair(u32, u32);

impl Pair {
    #[counted(labels(self.0))]
    fn first(&self) -> u32 {
        self.0
    }
}

fn main() {}
