//! A generated crate: its folder, and what Cargo makes of it.

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
    /// Writes it to a folder of its own in this one and settles what it depends on.
    pub(super) fn new(variant: Variant, folder: &Path) -> Self {
        let folder = folder.join(format!("{variant:?}"));
        let generated = Self { variant, folder };
        fs::create_dir_all(generated.path("src")).expect("a folder for a crate");
        let write = |path, text: &str| {
            fs::write(generated.path(path), text).expect("space for a crate");
        };
        write("Cargo.toml", &source::manifest(variant));
        write("src/main.rs", &source::program(variant));
        // The versions of the workspace, where it has any.
        write("Cargo.lock", include_str!("../../../Cargo.lock"));
        generated.resolve();
        generated
    }

    /// The time that this crate alone takes, if what it depends on has been built before.
    pub(super) fn build(&self, profile: Profile) -> Duration {
        self.build_with(profile, &[])
    }

    /// Builds it in release, without symbols.
    ///
    /// What it depends on stays the same: it will not be built again for [`Self::build`].
    pub(super) fn build_stripped(&self) {
        let strip = format!("profile.release.package.{PACKAGE}.strip=true");
        self.build_with(Profile::Release, &["--config", &strip]);
    }

    /// The bytes of the release binary built last.
    pub(super) fn size(&self) -> u64 {
        let binary = self.path(&format!("target/release/{PACKAGE}{EXE_SUFFIX}"));
        fs::metadata(binary).expect("Cargo has built it").len()
    }

    /// The version of a package that it is built with.
    pub(super) fn version(&self, package: &str) -> Option<String> {
        let lock = fs::read_to_string(self.path("Cargo.lock")).expect("it was resolved");
        let (_, rest) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
        rest.split('"').next().map(str::to_owned)
    }

    fn build_with(&self, profile: Profile, options: &[&str]) -> Duration {
        File::options()
            .append(true)
            .open(self.path("src/main.rs"))
            .and_then(|file| file.set_modified(SystemTime::now()))
            .expect("the file that was written");
        let mut cargo = self.cargo("build");
        cargo
            .args(["--frozen", "--profile", profile.name()])
            .args(options);
        let begun = Instant::now();
        succeed(&mut cargo);
        begun.elapsed()
    }

    /// Completes the lock file, from what is on this machine if that will do.
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
            // From here the toolchain is that of the workspace.
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("CARGO_TARGET_DIR", self.path("target"))
            .env("CARGO_INCREMENTAL", "0");
        cargo
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }
}

/// Ends everything if it fails: a table without this crate would mean nothing.
#[track_caller]
fn succeed(cargo: &mut Command) {
    let status = cargo.status().expect("Cargo starts");
    assert!(status.success(), "{status}: {cargo:?}");
}
