//! [`Generated`]: writes a generated crate to a folder, and builds the crate with Cargo.

use std::{
    env::consts::EXE_SUFFIX,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant, SystemTime},
};

use super::{
    Profile, Variant,
    source::{self, PACKAGE},
};

pub(super) struct Generated {
    pub(super) variant: Variant,
    folder: PathBuf,
}

impl Generated {
    /// Writes the crate to a new folder below `folder` and resolves its dependencies.
    pub(super) fn new(variant: Variant, folder: &Path) -> Self {
        let folder = folder.join(format!("{variant:?}"));
        let generated = Self { variant, folder };
        fs::create_dir_all(generated.path("src")).expect("the crate's folder can be created");
        let write = |path, text: &str| {
            fs::write(generated.path(path), text).expect("the crate's files can be written");
        };
        write("Cargo.toml", &source::manifest(variant));
        write("src/main.rs", &source::program(variant));
        // The lock file selects the workspace's version of each dependency that the crate shares
        // with the workspace.
        write("Cargo.lock", include_str!("../../../Cargo.lock"));
        generated.resolve();
        generated
    }

    /// Builds this crate and returns the time: of this crate alone if its dependencies were built
    /// before.
    pub(super) fn build(&self, profile: Profile) -> Duration {
        self.build_with(profile, &[])
    }

    /// Builds this crate in release mode without symbols.
    ///
    /// The option `strip` applies to this crate alone, so the next [`Self::build`] does not rebuild
    /// the dependencies.
    pub(super) fn build_stripped(&self) {
        let strip = format!("profile.release.package.{PACKAGE}.strip=true");
        self.build_with(Profile::Release, &["--config", &strip]);
    }

    /// Returns the size of the last release binary in bytes.
    pub(super) fn size(&self) -> u64 {
        let binary = self.path(&format!("target/release/{PACKAGE}{EXE_SUFFIX}"));
        fs::metadata(binary)
            .expect("Cargo has built the binary")
            .len()
    }

    /// Returns the version of a dependency, or `None` if the crate does not use it.
    pub(super) fn version(&self, package: &str) -> Option<String> {
        let lock = fs::read_to_string(self.path("Cargo.lock")).expect("`resolve` has written it");
        let (_, rest) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
        rest.split('"').next().map(str::to_owned)
    }

    fn build_with(&self, profile: Profile, options: &[&str]) -> Duration {
        // Marks the source as changed, because Cargo rebuilds only crates whose sources have
        // changed.
        File::options()
            .append(true)
            .open(self.path("src/main.rs"))
            .and_then(|file| file.set_modified(SystemTime::now()))
            .expect("the source file can be modified");
        let mut cargo = self.cargo("build");
        cargo
            .args(["--frozen", "--profile", profile.name()])
            .args(options);
        let begun = Instant::now();
        succeed(&mut cargo);
        begun.elapsed()
    }

    /// Lets Cargo complete the crate's `Cargo.lock`, without the network if possible.
    fn resolve(&self) {
        let offline = self
            .cargo("tree")
            .arg("--offline")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if !offline.is_ok_and(|status| status.success()) {
            succeed(self.cargo("tree").stdout(Stdio::null()));
        }
    }

    fn cargo(&self, command: &str) -> Command {
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .args([command, "--quiet", "--manifest-path"])
            .arg(self.path("Cargo.toml"))
            // Cargo runs in this package's folder, so that the workspace's toolchain is used.
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("CARGO_TARGET_DIR", self.path("target"))
            .env("CARGO_INCREMENTAL", "0");
        cargo
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }
}

/// Runs Cargo. Panics on failure, because a table without this crate would be useless.
#[track_caller]
fn succeed(cargo: &mut Command) {
    let status = cargo.status().expect("Cargo starts");
    assert!(status.success(), "{status}: {cargo:?}");
}
