//! The rule file: all groups, in YAML.

use super::{basic, burn_rate, settings::Rules, yaml};

impl Rules {
    /// The rules as a file for `rule_files:` in Prometheus' configuration. The same metrics make
    /// the same file, to the byte.
    pub fn to_yaml(&self) -> String {
        let mut groups = burn_rate::groups(self);
        groups.push(basic::group(self));
        // Where nobody asks for other windows, Prometheus' own configuration says how often.
        let is_scaled = self.scale.to_bits() != 1_f64.to_bits();
        let interval = is_scaled.then(|| self.window(60).to_string());
        yaml::write(&groups, interval.as_deref())
    }
}
