//! The list of jobs: what runs, how far it is, and a way to stop it.

use egui::{Popup, ProgressBar, Ui};

use crate::studio::{
    command::Command,
    icons::Icon,
    task::Tasks,
    theme::Palette,
    widgets::{hint, icon_button, icon_toggle, subtitle},
};

/// Shows the button that opens the list; it is lit while something runs.
pub(super) fn show_button(ui: &mut Ui, tasks: &Tasks, out: &mut Vec<Command>) {
    let count = tasks.listed().count();
    let name = match count {
        0 => "Jobs: none".to_owned(),
        1 => "Jobs: 1 running".to_owned(),
        several => format!("Jobs: {several} running"),
    };
    let response = icon_toggle(ui, Icon::Jobs, &name, Some(count > 0));
    Popup::menu(&response)
        .accessible_name("Jobs")
        .close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside)
        .show(|ui| {
            ui.set_width(300.0);
            subtitle(ui, "Jobs");
            if count == 0 {
                hint(ui, "Nothing is running.");
            }
            for task in tasks.listed() {
                let now = task.job.snapshot();
                let seconds = task.started.elapsed().as_secs();
                ui.horizontal(|ui| {
                    ui.vertical(|ui| {
                        ui.set_width(252.0);
                        ui.spacing_mut().item_spacing.y = 4.0;
                        ui.add(egui::Label::new(&task.title).truncate().selectable(false));
                        ui.add(ProgressBar::new(now.done).desired_height(4.0).fill(Palette::of(ui).accent));
                        let stage = if task.job.is_cancelled() { "stopping" } else { &now.stage };
                        hint(ui, format!("{stage} · {seconds} s"));
                    });
                    let stop = format!("Stop: {}", task.title);
                    if icon_button(ui, Icon::Close, &stop).clicked() {
                        out.push(Command::Stop(task.id));
                    }
                });
            }
        });
}
