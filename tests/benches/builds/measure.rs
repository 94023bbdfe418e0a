//! Measures the build times of the generated crates alternately, in rounds, so that another load on
//! the machine slows each of them.

use tempfile::TempDir;

use super::{
    Profile, Variant,
    generated::Generated,
    results::{Measured, Results},
};

/// Builds every variant in both profiles in each round.
pub(crate) fn measure(rounds: usize) -> Results {
    // The folder is below the target folder, and is removed when this function returns or panics.
    let folder =
        TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder can be created");
    let crates = Variant::ALL.map(|variant| Generated::new(variant, folder.path()));
    let stripped = crates.each_ref().map(|one| {
        eprintln!("warming up {:?}", one.variant);
        one.build(Profile::Debug);
        one.build_stripped();
        one.size()
    });
    let mut times = crates.each_ref().map(|_| [const { Vec::new() }; 2]);
    for round in 1..=rounds {
        eprintln!("round {round} of {rounds}");
        for (one, times) in crates.iter().zip(&mut times) {
            for (profile, times) in Profile::ALL.into_iter().zip(times) {
                times.push(one.build(profile).as_secs_f64());
            }
        }
    }
    let measured = crates.iter().zip(times).zip(stripped);
    Results {
        rounds,
        measured: measured
            .map(|((one, times), stripped)| Measured {
                variant: one.variant,
                tracing: one.version("tracing"),
                seconds: times.map(median),
                bytes: [one.size(), stripped],
            })
            .collect(),
    }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
