//! [`Pushgateway`]: a Pushgateway that a test starts.

use std::{collections::BTreeMap, fs, net::SocketAddr, process::Command};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    address::free_address,
    http::{Page, get},
    judge::{Families, installed, python_text},
    scraper::{Scraper, list, text},
};

/// A running Pushgateway without persistence, stopped when dropped.
#[derive(Debug)]
pub struct Pushgateway(Scraper);

impl Pushgateway {
    /// Starts a Pushgateway and waits until it is ready.
    #[track_caller]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Like [`start`](Self::start), with further command-line flags.
    #[track_caller]
    pub fn start_with(flags: &[&str]) -> Self {
        let folder = TempDir::new().expect("a folder for the Pushgateway");
        let address = free_address();
        let mut command = command(address);
        let prefix = flags
            .iter()
            .find_map(|flag| flag.strip_prefix("--web.route-prefix="));
        let ready = format!("{}/-/ready", prefix.unwrap_or_default());
        command.args(flags);
        Self(Scraper::start(command, address, folder, &ready))
    }

    /// Starts a Pushgateway with a web configuration (TLS, authentication) and the `files` that it
    /// names.
    #[track_caller]
    pub fn guarded(config: &str, files: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().expect("a folder for the Pushgateway");
        for (name, content) in files.iter().chain(&[("web.yml", config)]) {
            fs::write(folder.path().join(name), content).expect("its configuration");
        }
        let address = free_address();
        let mut command = command(address);
        command
            .arg("--web.config.file")
            .arg(folder.path().join("web.yml"));
        Self(Scraper::start_guarded(command, address, folder))
    }

    /// The URL, without a path.
    pub fn url(&self) -> String {
        self.0.url("")
    }

    /// The URL over TLS, without a path.
    pub fn https_url(&self) -> String {
        self.url().replace("http://", "https://")
    }

    /// Returns the families that the Pushgateway exposes.
    #[track_caller]
    pub fn families(&self) -> Families {
        python_text(&self.page().body).expect("the Pushgateway writes a valid exposition")
    }

    /// Returns the response with the Pushgateway's exposition.
    #[track_caller]
    pub fn page(&self) -> Page {
        get(&self.0.url("/metrics"))
    }

    /// Returns the labels of each group.
    #[track_caller]
    pub fn groups(&self) -> Vec<BTreeMap<String, String>> {
        let groups = list(&self.0.ask("metrics", &[]));
        let labels = |group: &Value| {
            let labels = group["labels"].as_object().expect("a group has labels");
            labels
                .iter()
                .map(|(name, value)| (name.clone(), text(value)))
                .collect()
        };
        groups.iter().map(labels).collect()
    }

    /// Returns the only group, with labels and families, as the API of the Pushgateway lists it.
    #[track_caller]
    pub fn group(&self) -> Value {
        match &list(&self.0.ask("metrics", &[]))[..] {
            [group] => group.clone(),
            groups => panic!("expected one group: {groups:#?}"),
        }
    }
}

fn command(address: SocketAddr) -> Command {
    let program = installed("PUSHGATEWAY", "pushgateway/usr/bin/prometheus-pushgateway");
    let mut command = Command::new(program);
    command
        .arg(format!("--web.listen-address={address}"))
        .arg("--persistence.file=");
    command
}
