//! The pictures: split, side by side or as a difference, with one zoom for all.

use std::time::Duration;

use egui::{CursorIcon, Key, PointerButton, Pos2, Rect, Response, Role, Sense, Ui, Vec2, WidgetInfo, pos2};

use crate::studio::{
    command::Command, format::short_name, icons::Icon, selection::Selection, task::Running, theme::Palette,
    widgets::icon_button,
};

use super::{
    empty,
    message::{Context, EditCommand, Message, Outbox},
    overlay,
    state::{Layer, Mode, Reconstruct, Tool},
    viewport,
};

/// Distance from the line between within which it is taken hold of.
const GRIP: f32 = 14.0;
const GAP: f32 = 2.0;

/// Shows the pictures in all the room there is.
pub(super) fn show(ui: &mut Ui, pane: &mut Reconstruct, context: &Context<'_>, out: &mut Outbox) {
    let room = ui.available_size().max(Vec2::splat(40.0));
    let Some(size) = pane.size() else {
        return empty::show(ui, room, context, out);
    };
    let (rect, response) = ui.allocate_exact_size(room, Sense::click_and_drag());
    let selection = &context.shared.selection;
    let spoken = format!("Viewer of {}", describe(pane, selection));
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &spoken));
    let parts = divide_view(pane, rect);
    let view = Rect::from_min_size(rect.min, parts.first().map_or(rect.size(), |part| part.view.size()));
    viewport::note(ui, view);

    let pointer = response.hover_pos().or(response.interact_pointer_pos());
    let under = pointer.and_then(|at| parts.iter().find(|part| part.view.contains(at)).copied());
    move_view(ui, pane, &response, under.map_or(view, |part| part.view), size);
    let split = move_split(ui, pane, &response, rect, size, &parts);
    if !pane.view.moving_split {
        let part = under.unwrap_or(LayerArea { view, clip: view, layer: Layer::Original });
        use_tool(ui, pane, selection, &response, &Pointing { part, size, pointer }, out);
    }

    let painter = ui.painter_at(rect.shrink(1.0));
    let tokens_shown = pane.view.overlay || pane.editing.tool != Tool::Select;
    for part in &parts {
        let place = pane.view.zoom.place(part.view, size);
        let clipped = painter.with_clip_rect(part.clip.intersect(rect.shrink(1.0)));
        if pane.view.mode == Mode::Difference && parts.len() == 1 && pane.heat_map.is_some() {
            if let Some((_, map)) = &mut pane.heat_map {
                map.texture.paint(&clipped, place);
            }
        } else if let Some(layer) = pane.layer_mut(part.layer) {
            layer.texture.paint(&clipped, place);
        }
        if tokens_shown {
            overlay::paint(ui, &clipped, pane, selection, place);
        }
    }
    for part in parts.iter().filter(|_| tokens_shown) {
        let place = pane.view.zoom.place(part.view, size);
        overlay::paint_tip(ui, &painter, pane, selection.hovered_cell, place, part.clip);
    }
    show_labels(ui, pane, &parts, rect);
    if let Some(x) = split {
        paint_split(ui, rect, x);
    }
    show_progress(ui, pane, context, rect, out);
}

fn describe(pane: &Reconstruct, selection: &Selection) -> String {
    let name = selection.picture().map_or("tokens", |picture| short_name(&picture.name));
    let layers: Vec<String> = pane.layers().into_iter().map(|layer| pane.layer_name(layer)).collect();
    format!("{name}: {}", layers.join(", "))
}

/// A place for one layer: what it would fill, and what of it is seen.
#[derive(Clone, Copy)]
struct LayerArea {
    view: Rect,
    clip: Rect,
    layer: Layer,
}

fn divide_view(pane: &Reconstruct, rect: Rect) -> Vec<LayerArea> {
    let layers = pane.layers();
    let whole = |layer| vec![LayerArea { view: rect, clip: rect, layer }];
    let view = &pane.view;
    let present = |layer: Layer, other: usize| {
        if layers.contains(&layer) { layer } else { layers[other.min(layers.len() - 1)] }
    };
    let (left, right) = (present(view.left, 0), present(view.right, 1));
    match view.mode {
        _ if layers.len() == 1 => whole(layers[0]),
        Mode::Difference => whole(right),
        Mode::Split => {
            let x = rect.left() + rect.width() * view.split;
            vec![
                LayerArea {
                    view: rect,
                    clip: Rect::from_min_max(rect.min, pos2(x, rect.bottom())),
                    layer: left,
                },
                LayerArea {
                    view: rect,
                    clip: Rect::from_min_max(pos2(x, rect.top()), rect.max),
                    layer: right,
                },
            ]
        }
        Mode::SideBySide => {
            let count = layers.len() as f32;
            let axis = usize::from(rect.height() > rect.width());
            let mut step = Vec2::ZERO;
            step[axis] = (rect.size()[axis] + GAP) / count;
            let mut size = rect.size();
            size[axis] = step[axis] - GAP;
            let place = |i: usize| Rect::from_min_size(rect.min + step * i as f32, size);
            let part = |(i, layer)| LayerArea { view: place(i), clip: place(i), layer };
            layers.into_iter().enumerate().map(part).collect()
        }
    }
}

fn move_view(ui: &mut Ui, pane: &mut Reconstruct, response: &Response, view: Rect, size: Vec2) {
    let zoom = &mut pane.view.zoom;
    if let Some(at) = ui.input(|input| input.pointer.hover_pos()).filter(|_| response.contains_pointer()) {
        let (wheel, pinch) = ui.input(|input| (input.smooth_scroll_delta().y, input.zoom_delta()));
        let factor = pinch * (wheel * 0.004).exp();
        if (factor - 1.0).abs() > 1e-4 {
            zoom.zoom(view, size, factor, at);
        }
    }
    let panning = response.dragged_by(PointerButton::Middle)
        || response.dragged_by(PointerButton::Secondary)
        || (response.dragged_by(PointerButton::Primary)
            && pane.editing.tool == Tool::Select
            && !pane.view.moving_split
            && !zoom.fits());
    if panning {
        zoom.pan(view, size, response.drag_delta());
        ui.set_cursor_icon(CursorIcon::Grabbing);
    }
    if response.double_clicked() && pane.editing.tool == Tool::Select {
        zoom.fit();
    }
}

/// Moves the line between, and says where it is.
fn move_split(
    ui: &mut Ui,
    pane: &mut Reconstruct,
    response: &Response,
    rect: Rect,
    size: Vec2,
    parts: &[LayerArea],
) -> Option<f32> {
    if pane.view.mode != Mode::Split || parts.len() < 2 {
        pane.view.moving_split = false;
        return None;
    }
    let place = pane.view.zoom.place(rect, size).intersect(rect);
    let x = rect.left() + rect.width() * pane.view.split;
    let near = |at: Pos2| (at.x - x).abs() <= GRIP;
    let origin = ui.input(|input| input.pointer.press_origin());
    if response.drag_started_by(PointerButton::Primary) {
        let free = pane.editing.tool == Tool::Select && pane.view.zoom.fits();
        pane.view.moving_split = origin.is_some_and(near) || free;
    }
    if pane.view.moving_split
        && let Some(at) = response.interact_pointer_pos()
    {
        pane.view.split = ((at.x - rect.left()) / rect.width()).clamp(0.0, 1.0);
    }
    if response.drag_stopped() {
        pane.view.moving_split = false;
    }
    // The line has a handle that the keyboard can reach.
    let handle = Rect::from_center_size(pos2(x, place.center().y), Vec2::splat(28.0));
    let knob = ui.interact(handle, response.id.with("split"), Sense::focusable_noninteractive());
    let percent = f64::from(pane.view.split) * 100.0;
    knob.widget_info(|| WidgetInfo::slider(true, percent, "Line between the pictures"));
    if knob.has_focus() {
        let (left, right) =
            ui.input(|input| (input.key_pressed(Key::ArrowLeft), input.key_pressed(Key::ArrowRight)));
        let step = f32::from(i8::from(right) - i8::from(left)) * 0.02;
        pane.view.split = (pane.view.split + step).clamp(0.0, 1.0);
        ui.memory_mut(|memory| {
            memory.set_focus_lock_filter(
                knob.id,
                egui::EventFilter { horizontal_arrows: true, ..Default::default() },
            );
        });
        ui.painter().circle_stroke(handle.center(), 16.0, egui::Stroke::new(2.0, Palette::of(ui).accent));
    }
    if pane.view.moving_split || (pane.editing.tool == Tool::Select && response.hover_pos().is_some_and(near))
    {
        ui.set_cursor_icon(CursorIcon::ResizeHorizontal);
    }
    Some(rect.left() + rect.width() * pane.view.split)
}

fn paint_split(ui: &Ui, rect: Rect, x: f32) {
    let painter = ui.painter_at(rect.shrink(1.0));
    let white = egui::Color32::WHITE;
    painter.vline(x, rect.y_range(), egui::Stroke::new(3.0, egui::Color32::from_black_alpha(90)));
    painter.vline(x, rect.y_range(), egui::Stroke::new(1.5, white));
    let center = pos2(x, rect.center().y);
    painter.circle(center, 13.0, egui::Color32::from_black_alpha(150), egui::Stroke::new(1.5, white));
    for side in [-1.0, 1.0] {
        let tip = center + Vec2::new(side * 7.0, 0.0);
        let back = center + Vec2::new(side * 3.0, 0.0);
        let points = vec![back + Vec2::new(0.0, -4.0), tip, back + Vec2::new(0.0, 4.0)];
        painter.add(egui::Shape::line(points, egui::Stroke::new(1.5, white)));
    }
}

/// Where the pointer is: over which layer, how large the picture is, and at which place of the screen.
struct Pointing {
    part: LayerArea,
    size: Vec2,
    pointer: Option<Pos2>,
}

/// What the pointer does to the tokens under it.
fn use_tool(
    ui: &Ui,
    pane: &mut Reconstruct,
    selection: &Selection,
    response: &Response,
    pointing: &Pointing,
    out: &mut Outbox,
) {
    let Pointing { part, size, pointer } = *pointing;
    let active = pane.view.overlay || pane.editing.tool != Tool::Select;
    let position_at =
        |pane: &Reconstruct, at| overlay::position_at(pane, pane.view.zoom.pixel(part.view, size, at));
    let under = pointer
        .filter(|_| active && (response.contains_pointer() || response.dragged()))
        .and_then(|at| position_at(pane, at));
    // A drag is known as one only when the pointer has left where it was pressed.
    let pressed = ui
        .input(|input| input.pointer.press_origin())
        .filter(|_| response.drag_started())
        .and_then(|at| position_at(pane, at));
    if selection.hovered_cell != under {
        out.send(Message::Hover(under));
    }
    let primary = response.dragged_by(PointerButton::Primary) || response.clicked();
    match (pane.editing.tool, under) {
        (Tool::Select, Some(position)) if response.clicked() => {
            out.send(Message::Edit(EditCommand::Select(Some(position))));
        }
        (Tool::Paint, Some(position)) if primary => {
            for position in pressed.into_iter().chain([position]) {
                out.send(Message::Edit(EditCommand::Paint { position }));
            }
        }
        (Tool::Shuffle, Some(position)) if response.drag_started() || response.clicked() => {
            pane.editing.corner = Some(pressed.unwrap_or(position));
        }
        _ => {}
    }
    let lifted = response.drag_stopped() || response.clicked();
    if pane.editing.tool == Tool::Paint && lifted {
        out.send(Message::Edit(EditCommand::EndStroke));
    }
    if pane.editing.tool == Tool::Shuffle
        && response.drag_stopped()
        && let (Some(from), Some(to)) = (pane.editing.corner.take(), under.or(selection.hovered_cell))
    {
        out.send(Message::Edit(EditCommand::Shuffle { from, to }));
    }
    if active && under.is_some() {
        ui.set_cursor_icon(if pane.editing.tool == Tool::Select {
            CursorIcon::PointingHand
        } else {
            CursorIcon::Crosshair
        });
    }
    if response.has_focus() {
        // Without this the arrows would move the focus away from the picture.
        let arrows =
            egui::EventFilter { horizontal_arrows: true, vertical_arrows: true, ..Default::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
        overlay::move_selection(ui, pane, selection.cell, out);
    }
}

fn show_labels(ui: &Ui, pane: &Reconstruct, parts: &[LayerArea], rect: Rect) {
    let difference = pane.view.mode == Mode::Difference && parts.len() == 1 && pane.layers().len() > 1;
    for (index, part) in parts.iter().enumerate() {
        let text = if difference { "Difference".to_owned() } else { pane.layer_name(part.layer) };
        let right = pane.view.mode == Mode::Split && index == 1;
        let (corner, align) = if right {
            (pos2(rect.right() - 10.0, rect.bottom() - 10.0), egui::Align2::RIGHT_BOTTOM)
        } else {
            (pos2(part.view.left() + 10.0, part.view.bottom() - 10.0), egui::Align2::LEFT_BOTTOM)
        };
        let font = egui::TextStyle::Small.resolve(ui.style());
        let painter = ui.painter_at(part.view.intersect(rect));
        let galley = painter.layout_no_wrap(text, font, egui::Color32::WHITE);
        let chip = align.anchor_size(corner, galley.size() + Vec2::new(16.0, 8.0));
        painter.rect_filled(chip, 6.0, egui::Color32::from_black_alpha(170));
        painter.galley(chip.min + Vec2::new(8.0, 4.0), galley, egui::Color32::WHITE);
    }
}

/// A line at the upper edge while the models work, with a way to stop them.
fn show_progress(ui: &mut Ui, pane: &Reconstruct, context: &Context<'_>, rect: Rect, out: &mut Outbox) {
    // Edits are decoded in an instant where the GPU is fast: nothing flickers then.
    let slow = |running: &&Running| running.started.elapsed() > Duration::from_millis(400);
    let run = pane.sides.iter().find_map(|side| side.run.task()).and_then(|task| context.tasks.get(task));
    let edit = pane.decode.task().and_then(|task| context.tasks.get(task)).filter(slow);
    let Some(running) = run.or(edit) else { return };
    let palette = Palette::of(ui);
    let now = running.job.snapshot();
    let bar = Rect::from_min_size(
        rect.min + Vec2::new(10.0, 10.0),
        Vec2::new(240.0_f32.min(rect.width() - 20.0), 44.0),
    );
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(bar.shrink2(Vec2::new(10.0, 0.0))));
    ui.painter().rect(bar, 8.0, palette.card, egui::Stroke::new(1.0, palette.line), egui::StrokeKind::Inside);
    child.horizontal_centered(|ui| {
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            ui.add_space(6.0);
            ui.set_width(bar.width() - 64.0);
            let stage = if now.stage.is_empty() { "starting" } else { &now.stage };
            ui.add(egui::Label::new(egui::RichText::new(stage).small()).truncate().selectable(false));
            ui.add(egui::ProgressBar::new(now.done).desired_height(4.0).fill(palette.accent));
        });
        if icon_button(ui, Icon::Close, "Stop").clicked() {
            out.ask(Command::Stop(running.id));
        }
    });
}
