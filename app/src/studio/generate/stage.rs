//! The buttons of a run, and its pictures: all of them, or one with its tokens.

use egui::{
    Align, Color32, CornerRadius, Key, Layout, Painter, PointerButton, Pos2, ProgressBar, Rect, Response,
    Role, Sense, Stroke, StrokeKind, Ui, UiBuilder, Vec2, WidgetInfo, pos2,
    text::{LayoutJob, TextWrapping},
};

use crate::studio::{
    icons::Icon,
    message::{Message, Outbox},
    models::Slot,
    state::State,
    stroke::line,
    task::Tasks,
    theme::{Palette, title},
    widgets::{hint, icon_button, primary_button, text_button},
};

use super::{Generate, GenerateMessage, Tile, Tool};

/// What the button is called, unlike the screen.
const GENERATE: &str = "Generate pictures";
/// Between pictures, and around them.
const GAP: f32 = 10.0;
/// A line of text below a picture.
const LABEL: f32 = 18.0;
/// Grid lines closer than this many points would hide the picture.
const CLOSEST_LINES: f32 = 6.0;

/// Shows the buttons.
pub(super) fn bar(ui: &mut Ui, state: &mut State, tasks: &Tasks, out: &mut Outbox) {
    let generate = &state.generate;
    let send = |message| Message::Generate(message);
    let unfinished = generate.board.tiles.iter().any(|tile| tile.tokens.len() < generate.board.whole());
    ui.horizontal(|ui| {
        if let Some(living) = &generate.living {
            let running = tasks.get(living.task);
            let done = running.map_or(0.0, |task| task.job.snapshot().done);
            let stopping = running.is_some_and(|task| task.job.is_cancelled());
            ui.add_enabled_ui(!stopping, |ui| {
                if primary_button(ui, Some(Icon::Close), "Stop").clicked() {
                    out.push(send(GenerateMessage::Stop));
                }
            });
            let width = (ui.available_width() - 56.0).clamp(40.0, 260.0);
            let fill = Palette::of(ui).accent;
            ui.add(ProgressBar::new(done).desired_width(width).desired_height(6.0).fill(fill));
            ui.weak(format!("{:.0} %", done * 100.0));
            return;
        }
        let again = unfinished && !generate.board.tiles.is_empty();
        if again {
            if primary_button(ui, Some(Icon::Redo), "Resume").clicked() {
                out.push(send(GenerateMessage::Resume));
            }
            if text_button(ui, None, "Generate").accessible_name(GENERATE).clicked() {
                out.push(send(GenerateMessage::Start));
            }
        } else if primary_button(ui, Some(Icon::Generate), "Generate").accessible_name(GENERATE).clicked() {
            out.push(send(GenerateMessage::Start));
        }
        if icon_button(ui, Icon::Shuffle, "Other pictures: the next seed (R)").clicked() {
            out.push(send(GenerateMessage::Reroll));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            let whole = generate.shown().or(generate.board.tiles.first());
            let ready = whole.is_some_and(|tile| tile.picture.is_some() && !again);
            ui.add_enabled_ui(ready, |ui| {
                if icon_button(ui, Icon::Save, "Save the picture, with all that repeats it").clicked() {
                    out.push(send(GenerateMessage::Save));
                }
                if icon_button(ui, Icon::Reconstruct, "Open the picture on the Reconstruct screen").clicked()
                {
                    out.push(send(GenerateMessage::ToReconstruct));
                }
            });
            if generate.board.shown.is_some()
                && generate.board.tiles.len() > 1
                && icon_button(ui, Icon::Grid, "All pictures").clicked()
            {
                out.push(send(GenerateMessage::Show(None)));
            }
        });
    });
}

/// Shows the pictures in all the room there is.
pub(super) fn pictures(ui: &mut Ui, state: &mut State, tasks: &Tasks, out: &mut Outbox) {
    let room = ui.available_size().max(Vec2::splat(40.0));
    if state.generate.board.tiles.is_empty() {
        return empty(ui, room, state, tasks, out);
    }
    let (rect, _) = ui.allocate_exact_size(room, Sense::hover());
    match state.generate.board.shown {
        Some(index) => one(ui, &mut state.generate, index, rect, out),
        None => all(ui, &mut state.generate, rect, out),
    }
}

/// What to do, or what is going on, while there is no picture.
fn empty(ui: &mut Ui, room: Vec2, state: &State, tasks: &Tasks, out: &mut Outbox) {
    let (rect, _) = ui.allocate_exact_size(room, Sense::hover());
    let inner = Rect::from_center_size(rect.center(), Vec2::new((room.x - 32.0).min(400.0), 220.0));
    let layout = Layout::top_down(Align::Center);
    ui.scope_builder(UiBuilder::new().max_rect(inner).layout(layout), |ui| {
        let (icon, _) = ui.allocate_exact_size(Vec2::splat(48.0), Sense::hover());
        Icon::Generate.paint(ui.painter(), icon, 44.0, Palette::of(ui).weak);
        if let Some(task) = state.generate.loading.and_then(|task| tasks.get(task)) {
            let now = task.job.snapshot();
            ui.label(title(&task.title, 18.0));
            ui.add(ProgressBar::new(now.done).desired_width(240.0).desired_height(6.0));
            return hint(ui, if now.stage.is_empty() { "starting".to_owned() } else { now.stage });
        }
        match &state.generate.generator {
            Some(generator) => {
                ui.label(title("Pictures out of nothing", 18.0));
                let what = generator.describe(state.generate.settings.condition());
                let text = format!("Choose what the pictures are to show; now it is {what}. Each grows token by token.");
                ui.add(egui::Label::new(text).wrap());
                ui.add_space(4.0);
                if text_button(ui, Some(Icon::Generate), &format!("Generate {what}")).clicked() {
                    out.push(Message::Generate(GenerateMessage::Start));
                }
            }
            None => {
                ui.label(title("Open a generator", 18.0));
                let text = "An autoregressive transformer makes the tokens of new pictures. Official checkpoints \
                            (AR_256_….ckpt) are read as they are.";
                ui.add(egui::Label::new(text).wrap());
                ui.add_space(4.0);
                if primary_button(ui, Some(Icon::Cube), "Open a model").clicked() {
                    out.push(Message::ChooseModel(Slot::First));
                }
            }
        }
    });
}

/// Columns that give the largest squares.
fn columns(count: usize, room: Vec2, label: f32) -> usize {
    let side = |columns: usize| {
        let rows = count.div_ceil(columns);
        let width = (room.x - GAP * (columns as f32 + 1.0)) / columns as f32;
        let height = (room.y - GAP * (rows as f32 + 1.0)) / rows as f32 - label;
        width.min(height)
    };
    (1..=count.max(1)).max_by(|&a, &b| side(a).total_cmp(&side(b))).unwrap_or(1)
}

fn all(ui: &mut Ui, generate: &mut Generate, rect: Rect, out: &mut Outbox) {
    let count = generate.board.tiles.len();
    let label = if generate.board.tiles.iter().any(|tile| tile.label.is_some()) { LABEL } else { 0.0 };
    let columns = generate.board.columns.unwrap_or_else(|| columns(count, rect.size(), label));
    let rows = count.div_ceil(columns);
    let width = (rect.width() - GAP * (columns as f32 + 1.0)) / columns as f32;
    let height = (rect.height() - GAP * (rows as f32 + 1.0)) / rows as f32 - label;
    let side = width.min(height).max(16.0);
    let step = Vec2::new(side + GAP, side + label + GAP);
    let used = Vec2::new(step.x * columns as f32 - GAP, step.y * rows as f32 - GAP);
    let corner = rect.center() - used / 2.0;
    let (grid_side, whole) = (generate.board.side, generate.board.whole());
    for (index, tile) in generate.board.tiles.iter_mut().enumerate() {
        let at = Vec2::new((index % columns) as f32, (index / columns) as f32) * step;
        let place = Rect::from_min_size(corner + at, Vec2::splat(side));
        let response = ui.interact(place, ui.scope_id().with(("picture", index)), Sense::click());
        let state = if tile.tokens.len() == whole { "whole" } else { "unfinished" };
        let spoken = match &tile.label {
            Some(label) => format!("Picture {}: {}, {state}", index + 1, label.text),
            None => format!("Picture {}, {state}", index + 1),
        };
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &spoken));
        let painter = ui.painter_at(rect.shrink(1.0));
        paint(&painter, ui, tile, place, grid_side);
        if response.hovered() || response.has_focus() {
            let stroke = Stroke::new(2.0, Palette::of(ui).accent);
            painter.rect_stroke(place, CornerRadius::same(2), stroke, StrokeKind::Outside);
        }
        if let Some(label) = &tile.label {
            let at = pos2(place.center().x, place.bottom() + LABEL / 2.0 + 1.0);
            let font = egui::TextStyle::Small.resolve(ui.style());
            let ink = Palette::of(ui).text;
            let room = step.x - 4.0;
            let mut drawn = painter.layout_no_wrap(label.text.clone(), font.clone(), ink);
            if drawn.size().x > room {
                // The values alone where there is no room for what they are of, and of them what there is room for.
                let mut job = LayoutJob::simple_singleline(label.values.clone(), font, ink);
                job.wrap = TextWrapping::truncate_at_width(room);
                drawn = painter.layout_job(job);
            }
            painter.galley(at - drawn.size() / 2.0, drawn, ink);
        }
        if response.clicked() {
            out.push(Message::Generate(GenerateMessage::Show(Some(index))));
        }
    }
}

/// Draws what there is of a picture; where there are no tokens yet, the ground shows.
fn paint(painter: &Painter, ui: &Ui, tile: &mut Tile, place: Rect, side: u32) {
    let palette = Palette::of(ui);
    painter.rect_filled(place, CornerRadius::same(2), palette.control);
    let Some((_, texture, shown)) = &mut tile.picture else { return };
    let (columns, shown) = (side.max(1) as usize, *shown);
    let cell = place.width() / columns as f32;
    let rows = (shown / columns) as f32;
    let last = (shown % columns) as f32;
    let full = Rect::from_min_size(place.min, Vec2::new(place.width(), rows * cell));
    texture.paint(&painter.with_clip_rect(full.intersect(painter.clip_rect())), place);
    if last > 0.0 {
        let begun = Rect::from_min_size(pos2(place.left(), full.bottom()), Vec2::new(last * cell, cell));
        texture.paint(&painter.with_clip_rect(begun.intersect(painter.clip_rect())), place);
    }
}

/// One picture, as large as there is room, with its tokens.
fn one(ui: &mut Ui, generate: &mut Generate, index: usize, rect: Rect, out: &mut Outbox) {
    let running = generate.is_running();
    let side = generate.board.side.max(1);
    let whole = generate.board.whole();
    let Some(tile) = generate.board.tiles.get_mut(index) else { return };
    let edge = (rect.width().min(rect.height()) - 2.0 * GAP).max(16.0);
    let place = Rect::from_center_size(rect.center(), Vec2::splat(edge));
    let response = ui.interact(place, ui.scope_id().with("tokens"), Sense::click_and_drag());
    let spoken = format!("Tokens of picture {}", index + 1);
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &spoken));
    let painter = ui.painter_at(rect.shrink(1.0));
    paint(&painter, ui, tile, place, side);
    let finished = !running && tile.tokens.len() == whole;
    if !finished {
        return;
    }
    let looking = &mut generate.looking;
    let cell = edge / side as f32;
    let square = |position: u32| {
        let corner = Vec2::new((position % side) as f32, (position / side) as f32) * cell;
        Rect::from_min_size(place.min + corner, Vec2::splat(cell))
    };
    let position_at = |at: Pos2| {
        let cell_of = |from: f32, to: f32| (((to - from) / cell) as u32).min(side - 1);
        place.contains(at).then(|| cell_of(place.top(), at.y) * side + cell_of(place.left(), at.x))
    };
    let under = response.hover_pos().or(response.interact_pointer_pos()).and_then(position_at);
    looking.hovered = under.filter(|_| response.hovered() && looking.tool == Tool::Look);
    match looking.tool {
        Tool::Look if response.clicked() => looking.selected = under,
        Tool::Hold => {
            let pressed = ui.input(|input| input.pointer.press_origin()).and_then(position_at);
            hold(&response, &mut tile.held, &mut looking.holding, pressed, under, side);
        }
        Tool::Look => {}
    }
    keyboard(ui, &response, &mut looking.selected, side);

    if looking.entropy
        && let Some((_, insight)) =
            looking.insight.as_ref().filter(|(revision, _)| *revision == tile.revision)
    {
        let most = insight.positions.iter().map(|seen| seen.entropy).fold(1e-3, f32::max);
        for (position, seen) in (0..).zip(&insight.positions) {
            painter.rect_filled(square(position), CornerRadius::ZERO, heat(seen.entropy / most));
        }
    }
    if cell >= CLOSEST_LINES && (looking.tool == Tool::Hold || under.is_some()) {
        let thin = Stroke::new(1.0, Color32::from_black_alpha(70));
        for step in 1..side {
            let offset = step as f32 * cell;
            painter.vline(place.left() + offset, place.y_range(), thin);
            painter.hline(place.x_range(), place.top() + offset, thin);
        }
    }
    for (position, _) in (0..).zip(&tile.held).filter(|(_, held)| **held) {
        let mark = square(position);
        painter.rect_filled(mark, CornerRadius::ZERO, Color32::from_rgba_unmultiplied(0, 0, 0, 60));
        painter.rect_stroke(mark, CornerRadius::ZERO, Stroke::new(2.0, Color32::WHITE), StrokeKind::Inside);
    }
    for (position, width) in [(looking.selected, 3.0), (looking.hovered, 2.0)] {
        if let Some(position) = position {
            let mark = square(position);
            let black = Stroke::new(width + 2.0, Color32::from_black_alpha(160));
            painter.rect_stroke(mark, CornerRadius::same(1), black, StrokeKind::Outside);
            let white = Stroke::new(width, Color32::WHITE);
            painter.rect_stroke(mark, CornerRadius::same(1), white, StrokeKind::Outside);
        }
    }
    if response.has_focus() {
        let stroke = Stroke::new(2.0, Palette::of(ui).accent);
        painter.rect_stroke(place.expand(3.0), CornerRadius::same(4), stroke, StrokeKind::Inside);
    }
    if let Some(position) = looking.hovered {
        out.push(Message::Generate(GenerateMessage::Look(position)));
    }
}

/// Holds the tokens under the pointer from where it was pressed on, or lets them go: what the first one of a stroke becomes,
/// all become.
fn hold(
    response: &Response,
    held: &mut [bool],
    holding: &mut Option<(bool, u32)>,
    pressed: Option<u32>,
    under: Option<u32>,
    side: u32,
) {
    let stroke = response.dragged_by(PointerButton::Primary) || response.clicked();
    if let Some(under) = under.filter(|_| stroke) {
        let first = pressed.unwrap_or(under);
        let (value, last) =
            holding.unwrap_or_else(|| (!held.get(first as usize).is_some_and(|&held| held), first));
        for position in line(last, under, side) {
            if let Some(slot) = held.get_mut(position as usize) {
                *slot = value;
            }
        }
        *holding = Some((value, under));
    }
    if response.drag_stopped() || response.clicked() {
        *holding = None;
    }
}

/// The arrow keys move the selection while the picture has the focus.
fn keyboard(ui: &Ui, response: &Response, selected: &mut Option<u32>, side: u32) {
    if !response.has_focus() {
        return;
    }
    let filter = egui::EventFilter { horizontal_arrows: true, vertical_arrows: true, ..Default::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    let pressed = |key| ui.input(|input| input.key_pressed(key));
    let moves =
        [(Key::ArrowLeft, -1, 0), (Key::ArrowRight, 1, 0), (Key::ArrowUp, 0, -1), (Key::ArrowDown, 0, 1)];
    for (key, right, down) in moves {
        if pressed(key) {
            let limit = |value: u32, step: i32| value.saturating_add_signed(step).min(side - 1);
            *selected = Some(match *selected {
                None => 0,
                Some(at) => limit(at / side, down) * side + limit(at % side, right),
            });
        }
    }
}

/// A color for a share, from dark and clear to bright: the same order for every kind of color vision.
fn heat(share: f32) -> Color32 {
    let stops = [(68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37)];
    let at = share.clamp(0.0, 1.0) * 4.0;
    let (low, part) = ((at as usize).min(3), at - (at as usize).min(3) as f32);
    let mix = |a: u8, b: u8| (f32::from(a) + (f32::from(b) - f32::from(a)) * part) as u8;
    let ((r0, g0, b0), (r1, g1, b1)) = (stops[low], stops[low + 1]);
    Color32::from_rgba_unmultiplied(mix(r0, r1), mix(g0, g1), mix(b0, b1), 190)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_as_large_as_the_room_allows() {
        assert_eq!(columns(4, Vec2::new(800.0, 800.0), 0.0), 2);
        assert_eq!(columns(4, Vec2::new(1600.0, 400.0), 0.0), 4);
        assert_eq!(columns(4, Vec2::new(300.0, 1400.0), 0.0), 1);
        assert_eq!(columns(1, Vec2::new(300.0, 300.0), 0.0), 1);
    }

    #[test]
    fn the_map_goes_from_dark_to_bright() {
        let light = |share| {
            let [r, g, b, _] = heat(share).to_srgba_unmultiplied();
            u32::from(r) + u32::from(g) + u32::from(b)
        };
        assert!(light(0.0) < light(0.5) && light(0.5) < light(1.0));
        assert_eq!(heat(2.0), heat(1.0));
    }
}
