use metrics_core::counted;

struct User {
    id: u32,
}

#[counted(labels(user.id))]
fn work(user: User) -> u32 {
    user.id
}

fn main() {}
