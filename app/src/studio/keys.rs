//! Keys: what they do, and what the help says about them.

use egui::{Key, KeyboardShortcut, Modifiers, Ui};

/// One line of the help, and the keys that it is about. Keys that a control handles itself while it has the focus are in the
/// text alone.
pub(crate) struct KeyLine<M> {
    /// The keys as the help writes them: "+ − F 0".
    pub(crate) label: String,
    /// What they do: "Zoom in, out, fit, actual pixels".
    pub(crate) help: &'static str,
    /// The keys, with what each sends.
    pub(crate) keys: Vec<(KeyboardShortcut, M)>,
}

/// Keys that belong together.
pub(crate) struct KeySection<M> {
    pub(crate) heading: &'static str,
    pub(crate) lines: Vec<KeyLine<M>>,
    /// What else the help says, below all keys.
    pub(crate) note: Option<&'static str>,
}

/// A section of the help: its heading, and its lines of keys and what they do.
pub(crate) struct HelpSection {
    pub(crate) heading: &'static str,
    pub(crate) lines: Vec<(String, &'static str)>,
    pub(crate) note: Option<&'static str>,
}

impl<M> KeySection<M> {
    /// As the help shows it.
    pub(crate) fn help(&self) -> HelpSection {
        let lines = self.lines.iter().map(|line| (line.label.clone(), line.help));
        HelpSection { heading: self.heading, lines: lines.collect(), note: self.note }
    }
}

/// A line of the help with its keys.
pub(crate) fn line<M>(
    label: impl Into<String>,
    help: &'static str,
    keys: impl IntoIterator<Item = (KeyboardShortcut, M)>,
) -> KeyLine<M> {
    KeyLine { label: label.into(), help, keys: keys.into_iter().collect() }
}

/// A key without Ctrl, Alt or Command.
pub(crate) const fn plain(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::NONE, key)
}

/// A key with Ctrl, on a Mac with Command.
pub(crate) const fn command(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND, key)
}

/// A key with Shift and Ctrl, on a Mac with Shift and Command.
pub(crate) const fn shift_command(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), key)
}

/// Takes the keys that were pressed out of the input; returned is what they send.
pub(crate) fn pressed<M>(ui: &Ui, sections: Vec<KeySection<M>>) -> Vec<M> {
    let lines = sections.into_iter().flat_map(|section| section.lines);
    let mut keys: Vec<(KeyboardShortcut, M)> = lines.flat_map(|line| line.keys).collect();
    // A shortcut without Shift would also take the key with it.
    keys.sort_by_key(|(shortcut, _)| !shortcut.modifiers.shift);
    let taken =
        keys.into_iter().filter(|(shortcut, _)| ui.input_mut(|input| input.consume_shortcut(shortcut)));
    taken.map(|(_, message)| message).collect()
}
