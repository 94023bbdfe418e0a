//! Where panels stand, and what they are known by.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::panel::Panel;

/// Panels below a headline.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) title: String,
    /// Whether the panels show, and ask for data, when somebody opens the row only.
    pub(super) closed: bool,
    pub(super) panels: Vec<Panel>,
}

impl Row {
    pub(super) fn open(title: &str, panels: Vec<Panel>) -> Row {
        Row {
            title: title.to_owned(),
            closed: false,
            panels,
        }
    }

    pub(super) fn closed(title: &str, panels: Vec<Panel>) -> Row {
        Row {
            title: title.to_owned(),
            closed: true,
            panels,
        }
    }
}

/// The rows as Grafana has them: one below the other, on a grid that is 24 wide.
pub(super) fn panels(rows: &[Row]) -> Vec<Value> {
    let mut out = Vec::new();
    let mut ids = Ids::default();
    let mut y = 0;
    for row in rows.iter().filter(|row| !row.panels.is_empty()) {
        let mut head = json!({
            "id": ids.of(&row.title, ""),
            "type": "row",
            "title": row.title,
            "collapsed": row.closed,
            "gridPos": { "x": 0, "y": y, "w": WIDTH, "h": 1 },
            "panels": [],
        });
        let (placed, below) = place(row, y + 1, &mut ids);
        if row.closed {
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

/// The panels of a row from `y` on, and where they end.
fn place(row: &Row, mut y: u32, ids: &mut Ids) -> (Vec<Value>, u32) {
    let (mut x, mut tallest) = (0, 0);
    let mut placed = Vec::new();
    for panel in &row.panels {
        let (width, height) = panel.size();
        if x + width > WIDTH {
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

/// Numbers that come from what a panel shows, and not from where it stands.
#[derive(Default)]
struct Ids(HashSet<u32>);

impl Ids {
    fn of(&mut self, row: &str, panel: &str) -> u32 {
        // Positive in 32 bits with a sign, which is what Grafana keeps.
        let mut id = fnv(&[row, panel]) & 0x7fff_ffff;
        while id == 0 || !self.0.insert(id) {
            id = (id + 1) & 0x7fff_ffff;
        }
        id
    }
}

/// A text as an identifier of Grafana's. One that had to be cut is told from others that begin
/// alike.
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
    if uid.len() <= UID && !uid.is_empty() {
        uid.to_owned()
    } else {
        let cut = &uid[..uid.len().min(UID - 9)];
        format!("{cut}-{:08x}", fnv(&[text]))
    }
}

/// The hash FNV-1a, in 32 bits: the same everywhere and in every version.
fn fnv(texts: &[&str]) -> u32 {
    let bytes = texts.iter().flat_map(|text| text.bytes().chain([0]));
    bytes.fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

const WIDTH: u32 = 24;
/// How long an identifier may be.
const UID: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_is_made_of_any_title() {
        assert_eq!(uid("My Shop: Overview!"), "my-shop-overview");
        assert!(uid("買い物").starts_with('-'));
        let long = uid(&"a long title ".repeat(9));
        assert_eq!(long.len(), UID);
        assert_ne!(long, uid(&"a long title ".repeat(10)));
    }

    #[test]
    fn an_id_stays_when_others_come_before_it() {
        let mut alone = Ids::default();
        let mut among = Ids::default();
        among.of("first", "panel");
        assert_eq!(alone.of("row", "panel"), among.of("row", "panel"));
        assert_ne!(among.of("row", "panel"), among.of("row", "panel"));
    }
}
