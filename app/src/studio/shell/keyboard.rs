//! Keys that work wherever the focus is, unless text is being typed or a dialog is open.

use egui::{Event, Key, ThemePreference, Ui};

use crate::studio::{
    command::Command,
    files::Purpose,
    keys::{KeySection, command, line, plain, pressed},
    models::Slot,
};

use super::{navigation::Tab, top_bar::next_theme};

/// The number keys, in the order of the panes that can be gone to.
const NUMBERS: [Key; 9] =
    [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9];

/// The keys that work in every pane.
pub(crate) fn sections(tabs: &[Tab], panes: usize, theme: ThemePreference) -> Vec<KeySection<Command>> {
    let numbers: Vec<String> = (1..=panes.min(NUMBERS.len())).map(|number| number.to_string()).collect();
    let go = NUMBERS.into_iter().zip(tabs).map(|(key, tab)| (plain(key), Command::Go(tab.pane)));
    let pick = || Command::Pick(Purpose::Picture);
    vec![KeySection {
        heading: "Everywhere",
        lines: vec![
            line(numbers.join(" "), "From screen to screen", go),
            line("M", "Choose the model", [(plain(Key::M), Command::ChooseModel(Slot::First))]),
            line("O", "Open a picture", [(plain(Key::O), pick()), (command(Key::O), pick())]),
            line("T", "Theme: system, light, dark", [(plain(Key::T), Command::SetTheme(next_theme(theme)))]),
            line("L", "Log", [(plain(Key::L), Command::ToggleLog)]),
            line("?", "These keys", []),
            line("Esc", "Close a dialog", []),
            line("Tab", "To the next control; Space or Enter presses it", []),
        ],
        note: None,
    }]
}

/// Turns keys into commands. Returns whether the keys of the pane count, too.
pub(crate) fn keyboard(
    ui: &Ui,
    help: bool,
    dialog: bool,
    sections: Vec<KeySection<Command>>,
    out: &mut Vec<Command>,
) -> bool {
    if ui.ctx().text_edit_focused() {
        return false;
    }
    // A question mark is another key on every keyboard; what it types is not.
    let typed = |text: &str| {
        ui.input(|input| input.events.iter().any(|event| matches!(event, Event::Text(t) if t == text)))
    };
    if typed("?") && !dialog {
        out.push(Command::ToggleHelp);
        return false;
    }
    if dialog || help {
        return false;
    }
    out.extend(pressed(ui, sections));
    true
}
