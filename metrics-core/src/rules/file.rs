//! `Rules::to_yaml`: assembles the rule file from the groups of recording rules and alerts.

use super::{basic, burn_rate, settings::Rules, yaml};

impl Rules {
    /// The rules as YAML, for a file listed in `rule_files:` of Prometheus' configuration.
    ///
    /// The output depends only on the catalogue and the settings, byte for byte.
    pub fn to_yaml(&self) -> String {
        let mut groups = burn_rate::groups(self);
        groups.push(basic::group(self));
        // Writes an interval only if the windows are scaled. Otherwise the evaluation interval in
        // Prometheus' configuration applies.
        let is_scaled = self.scale.to_bits() != 1_f64.to_bits();
        let interval = is_scaled.then(|| self.window(60).to_string());
        yaml::write(&groups, interval.as_deref())
    }
}
