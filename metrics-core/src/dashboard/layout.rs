//! Places panels on Grafana's grid, and assigns panel ids and dashboard uids.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::panel::Panel;

/// A titled row of panels.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) title: String,
    /// Whether the row is collapsed. Grafana runs the queries of a collapsed row only once a user
    /// expands it.
    pub(super) is_collapsed: bool,
    pub(super) panels: Vec<Panel>,
}

impl Row {
    pub(super) fn expanded(title: &str, panels: Vec<Panel>) -> Row {
        Row {
            title: title.to_owned(),
            is_collapsed: false,
            panels,
        }
    }

    pub(super) fn collapsed(title: &str, panels: Vec<Panel>) -> Row {
        Row {
            title: title.to_owned(),
            is_collapsed: true,
            panels,
        }
    }
}

/// The rows as Grafana's list of panels, one below the other. Rows without panels are left out.
pub(super) fn panels(rows: &[Row]) -> Vec<Value> {
    let mut out = Vec::new();
    let mut ids = Ids::default();
    let mut y = 0;
    for row in rows.iter().filter(|row| !row.panels.is_empty()) {
        let mut head = json!({
            "id": ids.of(&row.title, ""),
            "type": "row",
            "title": row.title,
            "collapsed": row.is_collapsed,
            "gridPos": { "x": 0, "y": y, "w": GRID_WIDTH, "h": 1 },
            "panels": [],
        });
        let (placed, below) = place(row, y + 1, &mut ids);
        if row.is_collapsed {
            head["panels"] = Value::Array(placed);
            out.push(head);
            y += 1;
        } else {
            out.push(head);
            out.extend(placed);
            y = below;
        }
    }
    out
}

/// Places the panels of a row from `y` downwards. Also returns the first free `y` below them.
fn place(row: &Row, mut y: u32, ids: &mut Ids) -> (Vec<Value>, u32) {
    let (mut x, mut tallest) = (0, 0);
    let mut placed = Vec::new();
    for panel in &row.panels {
        let (width, height) = panel.size();
        if x + width > GRID_WIDTH {
            (x, y, tallest) = (0, y + tallest, 0);
        }
        let mut value = panel.to_json();
        value["id"] = json!(ids.of(&row.title, panel.title()));
        value["gridPos"] = json!({ "x": x, "y": y, "w": width, "h": height });
        placed.push(value);
        x += width;
        tallest = tallest.max(height);
    }
    (placed, y + tallest)
}

/// Assigns panel ids: a hash of the titles, so that an id does not depend on the panel's position,
/// unless two hashes are equal.
#[derive(Default)]
struct Ids(HashSet<u32>);

impl Ids {
    fn of(&mut self, row: &str, panel: &str) -> u32 {
        // Grafana stores ids as positive 32-bit signed integers.
        let mut id = fnv(&[row, panel]) & 0x7fff_ffff;
        while id == 0 || !self.0.insert(id) {
            id = (id + 1) & 0x7fff_ffff;
        }
        id
    }
}

/// Turns a text into a valid Grafana `uid`. If the text is too long or has no valid character, the
/// `uid` ends in a hash of the whole text, so that different texts stay distinct.
pub(super) fn uid(text: &str) -> String {
    let mut uid = String::new();
    for c in text.chars() {
        match c {
            c if c.is_ascii_alphanumeric() || c == '_' => uid.push(c.to_ascii_lowercase()),
            _ if uid.ends_with('-') => {}
            _ => uid.push('-'),
        }
    }
    let uid = uid.trim_matches('-');
    if uid.len() <= MAX_UID_LEN && !uid.is_empty() {
        uid.to_owned()
    } else {
        let cut = &uid[..uid.len().min(MAX_UID_LEN - 9)];
        format!("{cut}-{:08x}", fnv(&[text]))
    }
}

/// 32-bit FNV-1a, whose results, unlike those of `std`'s hasher, are stable across Rust versions.
fn fnv(texts: &[&str]) -> u32 {
    let bytes = texts.iter().flat_map(|text| text.bytes().chain([0]));
    bytes.fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

/// Width of Grafana's grid, in columns.
const GRID_WIDTH: u32 = 24;
/// Maximum length of a `uid` in Grafana.
const MAX_UID_LEN: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_title_yields_a_valid_uid() {
        assert_eq!(uid("My Shop: Overview!"), "my-shop-overview");
        assert!(uid("買い物").starts_with('-'));
        let long = uid(&"a long title ".repeat(9));
        assert_eq!(long.len(), MAX_UID_LEN);
        assert_ne!(long, uid(&"a long title ".repeat(10)));
    }

    #[test]
    fn an_id_does_not_depend_on_other_panels() {
        let mut alone = Ids::default();
        let mut among = Ids::default();
        among.of("first", "panel");
        assert_eq!(alone.of("row", "panel"), among.of("row", "panel"));
        assert_ne!(among.of("row", "panel"), among.of("row", "panel"));
    }
}
