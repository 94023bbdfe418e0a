//! Settings of the metrics that a server adds to those of the program.

use super::ServerBuilder;

impl ServerBuilder {
    /// Whether to register the `process_*` metrics; on by default.
    ///
    /// They are available on Linux, macOS and Windows. On other systems this has no effect.
    pub fn process_metrics(mut self, on: bool) -> ServerBuilder {
        self.has_process_metrics = on;
        self
    }

    /// Whether to register `build_info`, whose labels identify the build; on by default.
    pub fn build_info(mut self, on: bool) -> ServerBuilder {
        self.has_build_info = on;
        self
    }

    /// Sets the label `version` of `build_info`, usually to `env!("CARGO_PKG_VERSION")`.
    ///
    /// All servers and endpoints of a registry must have the same version, revision and
    /// [`target_info`](Self::target_info), because these labels describe the program.
    pub fn version(mut self, version: impl Into<String>) -> ServerBuilder {
        self.version = Some(version.into());
        self
    }

    /// Sets the label `revision` of `build_info`: the commit that the program was built from.
    ///
    /// Only the program's own build knows the commit, from a build script that runs git (such as
    /// vergen's) or a variable of the CI system. The label is omitted by default.
    ///
    /// ```
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// let mut builder = metrics_http::Server::builder().version(env!("CARGO_PKG_VERSION"));
    /// if let Some(commit) = option_env!("VERGEN_GIT_SHA").or(option_env!("GIT_COMMIT")) {
    ///     builder = builder.revision(commit);
    /// }
    /// let server = builder.serve("127.0.0.1:0")?;
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    pub fn revision(mut self, revision: impl Into<String>) -> ServerBuilder {
        self.revision = Some(revision.into());
        self
    }

    /// Sets the labels of `target_info`, which describes the measured service.
    ///
    /// If `service_name` is not among them, it is added with the name of the executable.
    pub fn target_info<N, V>(mut self, labels: impl IntoIterator<Item = (N, V)>) -> ServerBuilder
    where
        N: Into<String>,
        V: Into<String>,
    {
        let owned = |(name, value): (N, V)| (name.into(), value.into());
        self.target_labels = labels.into_iter().map(owned).collect();
        self
    }

    /// Whether to register the `metrics_http_*` metrics of the server itself; on by default.
    ///
    /// They count responses, connections, scrapes, expositions, and what goes wrong, by the
    /// [cause](crate::EventCause). Servers of the same registry share them. Without them, events
    /// still reach [`on_error`](Self::on_error). The registry's own self-metrics have another
    /// switch, [`Registry::write_self_metrics`](metrics_core::Registry::write_self_metrics).
    pub fn server_metrics(mut self, on: bool) -> ServerBuilder {
        self.has_server_metrics = on;
        self
    }
}
