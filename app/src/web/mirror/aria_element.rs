//! What one control says to a screen reader, in ARIA's terms.

use std::collections::HashMap;

use egui::accesskit::{Node, NodeId, Role, Toggled};
use wasm_bindgen::JsValue;

/// A control as its element shows it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct AriaElement {
    /// ARIA role, empty for plain text.
    role: &'static str,
    /// Accessible name; the text itself for plain text.
    name: String,
    /// Other attributes, by name.
    attributes: Vec<(&'static str, String)>,
    /// Left, top, width, height in CSS pixels.
    place: [i32; 4],
}

/// The `id` attribute of a control's element.
pub(super) fn id_of(node: NodeId) -> String {
    format!("control-{}", node.0)
}

/// The control that an `id` attribute names.
pub(super) fn node_of(id: &str) -> Option<NodeId> {
    id.strip_prefix("control-")?.parse().ok().map(NodeId)
}

impl AriaElement {
    /// The control, unless a screen reader has nothing to say about it.
    pub(super) fn of(node: &Node, nodes: &HashMap<NodeId, &Node>, zoom: f64) -> Option<Self> {
        let role = aria_role(node.role())?;
        let text = |node: &Node| node.label().or(node.value()).unwrap_or_default().to_owned();
        let name = if role.is_empty() {
            text(node)
        } else {
            match node.label() {
                Some(label) => label.to_owned(),
                None => node
                    .labelled_by()
                    .iter()
                    .filter_map(|id| nodes.get(id))
                    .map(|node| text(node))
                    .collect::<Vec<_>>()
                    .join(" "),
            }
        };
        let mut attributes = Vec::new();
        if !role.is_empty() {
            if let Some(toggled) = node.toggled() {
                attributes.push((state_attribute(role), toggled_text(toggled).to_owned()));
            }
            if let Some(value) = node.numeric_value() {
                attributes.push(("aria-valuenow", value.to_string()));
                attributes.extend(node.min_numeric_value().map(|least| ("aria-valuemin", least.to_string())));
                attributes.extend(node.max_numeric_value().map(|most| ("aria-valuemax", most.to_string())));
            }
            attributes.extend(node.value().map(|value| ("aria-valuetext", value.to_owned())));
            attributes.extend(node.description().map(|text| ("aria-description", text.to_owned())));
        }
        if node.is_disabled() {
            attributes.push(("aria-disabled", "true".to_owned()));
        }
        if name.is_empty() && attributes.is_empty() {
            return None;
        }
        let bounds = node.bounds()?;
        let place = [bounds.x0, bounds.y0, bounds.x1 - bounds.x0, bounds.y1 - bounds.y0];
        Some(Self { role, name, attributes, place: place.map(|length| (length * zoom).round() as i32) })
    }

    /// Makes an element say this; `before` is what it says already.
    pub(super) fn write(&self, element: &web_sys::HtmlElement, before: Option<&Self>) -> Result<(), JsValue> {
        if before == Some(self) {
            return Ok(());
        }
        if before.is_none_or(|before| before.role != self.role || before.name != self.name) {
            if self.role.is_empty() {
                element.remove_attribute("role")?;
                element.set_text_content(Some(&self.name));
            } else {
                element.set_attribute("role", self.role)?;
                element.set_attribute("aria-label", &self.name)?;
            }
        }
        for (name, _) in before.iter().flat_map(|before| &before.attributes) {
            if !self.attributes.iter().any(|(kept, _)| kept == name) {
                element.remove_attribute(name)?;
            }
        }
        for (name, value) in &self.attributes {
            element.set_attribute(name, value)?;
        }
        if before.is_none_or(|before| before.place != self.place) {
            let style = element.style();
            for (property, length) in ["left", "top", "width", "height"].into_iter().zip(self.place) {
                style.set_property(property, &format!("{length}px"))?;
            }
        }
        Ok(())
    }
}

/// ARIA's word for a role: empty for plain text, none for what only groups.
fn aria_role(role: Role) -> Option<&'static str> {
    Some(match role {
        Role::Label => "",
        Role::Button | Role::DefaultButton => "button",
        Role::CheckBox => "checkbox",
        Role::Switch => "switch",
        Role::RadioButton => "radio",
        Role::Slider => "slider",
        Role::SpinButton => "spinbutton",
        Role::TextInput | Role::MultilineTextInput | Role::SearchInput => "textbox",
        Role::ComboBox => "combobox",
        Role::Link => "link",
        Role::Image => "img",
        Role::ProgressIndicator => "progressbar",
        Role::Tab => "tab",
        Role::MenuItem => "menuitem",
        Role::ListItem | Role::ListBoxOption => "option",
        Role::Heading => "heading",
        Role::Alert => "alert",
        Role::Status => "status",
        _ => return None,
    })
}

/// The attribute that says whether something of this role is on.
fn state_attribute(role: &str) -> &'static str {
    match role {
        "button" => "aria-pressed",
        "tab" | "option" => "aria-selected",
        _ => "aria-checked",
    }
}

fn toggled_text(toggled: Toggled) -> &'static str {
    match toggled {
        Toggled::True => "true",
        Toggled::False => "false",
        Toggled::Mixed => "mixed",
    }
}
