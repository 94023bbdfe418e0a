//! Measures the time of an exposition by this library and by its peers, and of a copy of its bytes.
//!
//! `cargo bench -p tests --features peers --bench encoding [-- <part of a workload's name>]` prints
//! tables in Markdown with verdicts, and writes them to `target/encoding.md`: for a release build,
//! and for one with thin LTO, which it builds and runs unless `--as-is` is given. The bench plots
//! the time by the number of counters in `target/encoding.svg`. `--rounds=<number>` sets the number
//! of rounds.
//!
//! Memory is in large pages, where kernel and C library support them, because the placement of
//! small pages in the caches made results differ by 10 % between runs.

mod common;
mod encoders;
mod expositions;

use crate::{
    common::{Options, report},
    expositions::{Race, Results, Work, allocator, memory},
};

#[global_allocator]
static ALLOCATOR: allocator::Counting = allocator::Counting;

fn main() {
    #[cfg(target_os = "linux")]
    use_large_pages();
    let options = Options::from_arguments("encoding");
    let mut results = Results::new(options.rounds);
    for works in Work::TOGETHER {
        let mut race = Race::new(results.too_slow(works));
        for work in *works {
            if options.wants(&work.name()) {
                encoders::enter(&mut race, *work);
            }
        }
        results.add(race.run(options.rounds));
    }
    if options.wants(memory::NAME) {
        results.memory = Some(memory::measure());
    }
    results.plot(&options.output.with_extension("svg"));
    report(&options, &results);
}

/// Restarts the program with large pages, unless the environment configures the C library already.
///
/// The C library reads its configuration only when a program starts. The restarted program finds
/// the variable set, so it does not restart again.
#[cfg(target_os = "linux")]
fn use_large_pages() {
    use std::{env, os::unix::process::CommandExt, process::Command};

    const TUNABLES: &str = "GLIBC_TUNABLES";
    if env::var_os(TUNABLES).is_none() {
        let program = env::current_exe().expect("the path of this program is known");
        let mut again = Command::new(program);
        again.args(env::args_os().skip(1));
        again.env(TUNABLES, "glibc.malloc.hugetlb=1");
        panic!("cannot restart the bench: {}", again.exec());
    }
}
